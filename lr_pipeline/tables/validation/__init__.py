"""Whether a table can be used: everything that is wrong with its content, said at once.

``validate`` gathers the problems; each of the other modules knows one kind of problem.
"""
