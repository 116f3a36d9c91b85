"""How good the models are: metrics, figures, and the page that shows them.

``metrics`` and ``calibration`` compute; ``figures`` draws on the ``canvas``; ``sections`` holds
the plain data that ``render.render_report`` turns into HTML and numbers.
"""
