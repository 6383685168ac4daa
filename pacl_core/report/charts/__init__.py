"""Charts as inline SVG. Colours come from the page's style sheet, so that light and dark both work."""
