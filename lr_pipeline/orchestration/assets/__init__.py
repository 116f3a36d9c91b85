"""The asset graph: plain ``@dg.asset`` functions, each a call into the rooms below.

An asset reads its inputs, makes one call and returns the value with its metadata.
"""
