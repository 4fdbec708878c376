"""A page for a sponsor is asked for before anything was evaluated."""

from rounds.reports.brief import brief_html
from stories.hypertension import tiny

brief_html(tiny())

# Instead:
from rounds.reports.brief import brief_html
from stories.hypertension import full

brief_html(full())
