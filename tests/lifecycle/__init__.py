"""Tests of the model in use."""
