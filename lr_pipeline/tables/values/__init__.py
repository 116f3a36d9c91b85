"""What the values of a column are and say: their types, spellings, numbers, forms and hashes."""
