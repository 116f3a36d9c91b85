"""Metadata that the web UI shows for each value."""
