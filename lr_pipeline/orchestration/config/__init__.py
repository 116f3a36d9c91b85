"""Configurations in the Launchpad: training, evaluation, scoring and the studies."""
