"""Evaluate models on the test rows: scores, metrics, calibration, and notices for the reader.

``evaluate.evaluate_models`` returns ``findings``, plain data that :mod:`lr_pipeline.report` draws.
"""
