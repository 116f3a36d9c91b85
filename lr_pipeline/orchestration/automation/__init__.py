"""Trainings that nobody starts by hand: when, why, and on which months."""
