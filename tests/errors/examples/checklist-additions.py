"""What is added to a checklist is a list, and not an item with a sentence."""

from rounds.reports.checklists import read_additions

read_additions("- Registered as ISRCTN1.")

# Instead:
from rounds.reports.checklists import read_additions

read_additions('"23": Registered as ISRCTN1.')
