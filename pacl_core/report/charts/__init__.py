"""Charts as inline SVG. Colours come from the page's style sheet, so that light and dark both work.

What explores data is Vega-Lite (`vega.py`): drawn here once, so that it stands without scripts and in print,
and drawn again by the page's script with tooltips. What is no chart of data (the DAG), or stands many times
in table cells, is SVG by hand (`svg.py`).
"""
