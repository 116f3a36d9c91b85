"""Scoring: a trained model and new rows → probabilities, intervals and labels, block by block.

``new_rows`` opens the file and compares its columns with those that the model was trained on,
``prediction`` computes, ``predictions`` streams and counts, ``reasons`` says what moved each row
from a ``reference``, ``prediction_file`` writes the file that the user names.
"""
