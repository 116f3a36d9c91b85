"""A model's life after its report: how far new rows have moved from its training set."""
