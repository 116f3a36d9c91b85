"""The command ``lr-pipeline``: the pipeline without writing any Python."""
