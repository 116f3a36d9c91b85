"""Drift: how far new rows have moved from the rows that a model learned from.

``reference_profile`` is what is kept of the training set, ``training_profile`` computes it,
``new_counts`` counts new rows in its cells, ``effect_sizes`` and ``significance`` measure, and
``drift_findings`` decides.
"""
