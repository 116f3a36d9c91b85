"""How well the logistic model fits its training rows, and which rows decide or contradict it."""
