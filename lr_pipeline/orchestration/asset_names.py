"""The names of the assets, wherever another module must name one.

Each is the name of a function in ``assets``; a table's key prefix stands before it.
"""

DATASET = "dataset"
TRAIN_SET, TEST_SET = "train_set", "test_set"
EXISTENCE = "mle_existence"
LINEAR, NUMPY, TORCH = "linear_baseline", "numpy_model", "torch_model"
REPORT = "evaluation_report"

LOGISTIC_MODELS = (NUMPY, TORCH)
MODELS = (LINEAR, *LOGISTIC_MODELS)
TITLES = {LINEAR: "Least squares", NUMPY: "Logistic (numpy)", TORCH: "Logistic (torch)"}

# Of the two logistic models, whose agreement a check asserts, the one of Newton's method scores
# new rows: its certificate is the smaller one, and the report's inference uses its kernel.
CURRENT_MODEL = NUMPY
