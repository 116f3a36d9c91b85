"""Files as such: Parquet, URLs, whether a file stays as it was, and what cannot be opened."""
