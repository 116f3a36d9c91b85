"""The Dagster instance: its home, the IO manager, and the event log as a catalogue of artifacts."""
