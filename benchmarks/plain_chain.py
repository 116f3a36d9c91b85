"""The whole chain as a data scientist's own script, without this package.

``python benchmarks/plain_chain.py FILE FOLDER`` reads a Parquet file with the label ``y``,
describes its columns by class, draws a stratified split, writes both parts as Parquet into FOLDER,
fits least squares and logistic regression twice, and computes metrics and curves of the test rows.
Columns of text become zeros and ones, one column for each level but the first. It prints the
seconds of each step and the log loss of each model as JSON.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from sklearn import metrics
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split

LABEL = "y"
TINY = 1e-15  # of a probability, in the log loss of least squares


class Clock:
    """Seconds of each step, in order."""

    def __init__(self):
        self.seconds, self.last = {}, time.perf_counter()

    def stop(self, step):
        now = time.perf_counter()
        self.seconds[step], self.last = now - self.last, now


def read(file):
    """The label, and each feature as numbers or as an array of codes and levels."""
    texts = [one.name for one in pq.read_schema(file) if pa.types.is_string(one.type)]
    table = pq.read_table(file, read_dictionary=texts)
    y = table[LABEL].to_numpy().astype(np.float64)
    features = {}
    for name in table.column_names:
        if name in texts:
            features[name] = table[name].unify_dictionaries().combine_chunks()
        elif name != LABEL:
            features[name] = table[name].to_numpy()
    return features, y


def describe(features, y):
    """Mean, deviation and range of numbers by class; the counts of levels of text."""
    for label in (0, 1):
        rows = y == label
        for values in features.values():
            if isinstance(values, np.ndarray):
                of_class = values[rows]
                of_class.mean(), of_class.std(), of_class.min(), of_class.max()
            else:
                np.bincount(values.indices.to_numpy()[rows], minlength=len(values.dictionary))


def design(features):
    """(n, d) numbers, and zeros and ones for the levels of text."""
    columns = []
    for values in features.values():
        if isinstance(values, np.ndarray):
            columns.append(values)
        else:
            codes = values.indices.to_numpy()
            columns += [codes == level for level in range(1, len(values.dictionary))]
    X = np.empty((len(columns[0]), len(columns)))
    for place, column in enumerate(columns):
        X[:, place] = column
    return X


def write(path, features, y, rows):
    columns = {name: values.take(rows) for name, values in features.items()}
    pq.write_table(pa.table({**columns, LABEL: y[rows]}), path)


def fit_torch(X, y):
    """The weights of logistic regression by L-BFGS and autograd, the intercept first."""
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    w = torch.zeros(X.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS(
        [w], max_iter=100, tolerance_grad=1e-9, line_search_fn="strong_wolfe"
    )

    def closure():
        solver.zero_grad()
        z = X @ w[1:] + w[0]
        loss = (torch.nn.functional.softplus(z) - y * z).mean()
        loss.backward()
        return loss

    solver.step(closure)
    return w.detach().numpy()


def score(y, p):
    """The log loss; the other metrics and both curves are computed and not returned."""
    metrics.roc_auc_score(y, p), metrics.average_precision_score(y, p)
    metrics.brier_score_loss(y, p.clip(0, 1)), metrics.accuracy_score(y, p > 0.5)
    metrics.roc_curve(y, p), metrics.precision_recall_curve(y, p)
    return float(metrics.log_loss(y, p.clip(TINY, 1 - TINY)))


def main(file, folder):
    clock = Clock()
    features, y = read(file)
    clock.stop("read")
    describe(features, y)
    clock.stop("describe by class")
    train, test = train_test_split(np.arange(len(y)), test_size=0.2, random_state=123, stratify=y)
    clock.stop("split")
    for name, rows in (("train", train), ("test", test)):
        write(folder / f"{name}.parquet", features, y, rows)
    clock.stop("write both parts")
    whole = design(features)
    X, y_train, X_test, y_test = whole[train], y[train], whole[test], y[test]
    del whole, features
    clock.stop("design")
    linear = LinearRegression().fit(X, y_train)
    clock.stop("least squares")
    logistic = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-6).fit(X, y_train)
    clock.stop("logistic, scikit-learn")
    w = fit_torch(X, y_train)
    clock.stop("logistic, torch")
    losses = {
        "linear": score(y_test, linear.predict(X_test)),
        "scikit-learn": score(y_test, logistic.predict_proba(X_test)[:, 1]),
        "torch": score(y_test, 1 / (1 + np.exp(-(X_test @ w[1:] + w[0])))),
    }
    clock.stop("metrics and curves")
    print(json.dumps({"steps": clock.seconds, "log_loss": losses}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
