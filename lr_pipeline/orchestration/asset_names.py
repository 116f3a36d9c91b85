"""The names of the assets, for every module that refers to one.

Each is the name of a function in ``assets``; an asset's key is the table's prefix and this name.
"""

DATASET = "dataset"
TRAIN_SET, TEST_SET = "train_set", "test_set"
EXISTENCE = "mle_existence"
LINEAR, NUMPY, TORCH = "linear_baseline", "numpy_model", "torch_model"
REPORT = "evaluation_report"
PROFILE, DRIFT = "reference_profile", "drift_report"
CHAMPION = "champion"

LOGISTIC_MODELS = (NUMPY, TORCH)
MODELS = (LINEAR, *LOGISTIC_MODELS)
TITLES = {LINEAR: "Least squares", NUMPY: "Logistic (numpy)", TORCH: "Logistic (torch)"}

# A check asserts that the two logistic models agree. The one of Newton's method challenges the
# champion: its certificate is the smaller one, and the report's inference uses its kernel.
CHALLENGER = NUMPY
