"""What a run is given: the table, and the engine that visits its rows."""
