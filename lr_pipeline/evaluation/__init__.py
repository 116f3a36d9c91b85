"""Models meet the test rows: scores, metrics, calibration, and what a reader must know of them.

``evaluate.evaluate_models`` returns ``findings``, plain data that :mod:`lr_pipeline.report` draws.
"""
