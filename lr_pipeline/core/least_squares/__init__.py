"""Least squares: the solution, its refinement to the last digit, and its error."""
