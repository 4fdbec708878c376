"""A report is asked for before any change was registered."""

from rounds.reports.checklists import checklist
from stories.hypertension import full, tiny

checklist(tiny(), "consort")

# Instead:
from rounds.reports.checklists import checklist
from stories.hypertension import full

checklist(full(), "consort")
