"""Charts as inline SVG. Colours come from the page's style sheet, so that light and dark both work.

Charts to explore are Vega-Lite (`vega.py`): drawn here once, for readers without scripts and for print, and
again by the page's script, with tooltips. Small charts that repeat in tables are SVG by hand (`svg.py`).
"""
