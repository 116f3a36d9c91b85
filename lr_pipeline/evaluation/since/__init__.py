"""What changed between the latest earlier report of a table and this one."""
