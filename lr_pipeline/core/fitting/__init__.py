"""From rows to a certified fit: the problem, the way to its optimum, and the result."""
