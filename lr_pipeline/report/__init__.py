"""The evaluation report as a page: figures, tables, HTML.

``figures`` are drawn on the ``canvas``; ``render.render_report`` writes the page.
"""
