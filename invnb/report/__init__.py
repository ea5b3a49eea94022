"""Charts, tables, wording and the HTML page."""
