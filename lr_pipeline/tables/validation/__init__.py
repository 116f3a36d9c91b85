"""Checks whether a table can be used, and reports all problems of its content at once.

``validate`` gathers the problems; each of the other modules knows one kind of problem.
"""
