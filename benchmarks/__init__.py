"""Comparisons with peers in one process, as ratios; ``python -m benchmarks.results`` runs all."""
