"""Scoring: a trained model and new rows → probabilities, intervals and labels, block by block.

``model_choice`` finds the model, ``new_rows`` opens the file and compares its columns with those
that the model was trained on, ``prediction`` computes, ``predictions`` streams and counts,
``export`` writes a file of the user's own.
"""
