"""From features to the columns of a design: medians, levels, missing indicators.

``preparation`` is what a model keeps; ``encoding`` turns one feature into columns, and
``encoding_fit`` finds on the training rows what it needs for that.
"""
