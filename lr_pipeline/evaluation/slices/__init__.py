"""How well a model does in parts of the test set, and in groups that are to be protected."""
