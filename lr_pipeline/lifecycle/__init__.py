"""A model's life after its report: what puts it in use, and how far new rows have moved."""
