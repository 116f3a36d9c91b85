"""Repeated cross-validation of the training procedure, with corrected intervals."""
