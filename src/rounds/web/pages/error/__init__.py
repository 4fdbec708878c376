"""A page: `page.py` makes its context, `page.html` shows it."""
