"""Where the rows are and who does the arithmetic: engines implement ``core.rows.Rows``."""
