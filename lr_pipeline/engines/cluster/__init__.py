"""A Dask cluster as an engine: the workers read and sum, and only sums travel."""
