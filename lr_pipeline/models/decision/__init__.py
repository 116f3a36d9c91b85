"""From a model's score to a yes or no: recalibrated probabilities, and the threshold.

Both are chosen on scores of training rows that were held out, fold by fold, and stored in the
model.
"""
