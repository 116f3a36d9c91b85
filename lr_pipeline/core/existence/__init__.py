"""Whether the maximum-likelihood estimate exists: separation and the columns that cause it."""
