"""What the web UI shows of each value."""
