"""The resources of a run: the table, and the engine that reads its rows."""
