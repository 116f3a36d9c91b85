"""Whether a table can be used: everything that is wrong with its content, said at once.

``validate`` gathers the problems; the other modules each know one kind of problem. ``notices`` are
what is said of a table that can be used.
"""
