"""The logistic sums and gradient descent on PyTorch tensors."""
