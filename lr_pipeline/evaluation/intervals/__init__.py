"""How far each metric of a test set can be from its value for all rows of the population.

``interval.Interval`` is the result; ``model_intervals`` finds one for each metric of a model.
"""
