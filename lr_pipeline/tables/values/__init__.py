"""The values of a column: their types, spellings, numbers, forms and hashes."""
