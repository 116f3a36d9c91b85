"""Files whatever they hold: Parquet, URLs, files that change, and files that cannot be opened."""
