"""The asset graph: plain ``@dg.asset`` functions, each a call into the other packages.

An asset reads its inputs, makes one call and returns the value with its metadata.
"""
