"""The columns of a design: means and deviations, rank, standardizing, classes."""
