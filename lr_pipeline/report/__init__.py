"""The page that shows what an evaluation found: figures, tables, HTML.

``figures`` are drawn on the ``canvas``; ``render.render_report`` writes the page.
"""
