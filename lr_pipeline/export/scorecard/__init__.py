"""Scorecards: a model as points that a person can add up.

``model_card`` gives a model's own coefficients in points; ``binned_card`` fits a model of bins,
with ``binning`` and ``weight_of_evidence``; ``card_files`` shows a ``card`` as text, CSV, JSON or
HTML.
"""
