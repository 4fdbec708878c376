"""A sentence is added to an item that the guideline does not have."""

from rounds.reports.checklists import checklist
from stories.hypertension import full

checklist(full(), "consort", additions={"26": "Registered as ISRCTN1."})

# Instead:
from rounds.reports.checklists import checklist
from stories.hypertension import full

checklist(full(), "consort", additions={"23": "Registered as ISRCTN1."})
