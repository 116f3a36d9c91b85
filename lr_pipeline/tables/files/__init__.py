"""Files of any content: Parquet, URLs, files that change, and files that cannot be opened."""
