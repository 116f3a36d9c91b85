"""Comparisons of two models on the same test rows, and of one model on two sets of rows."""
