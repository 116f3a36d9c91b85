"""Turns features into columns of the design: medians, levels, missing indicators.

``preparation`` is what a model keeps; ``encoding`` turns one feature into columns, and
``encoding_fit`` learns from the training rows what an encoding needs.
"""
