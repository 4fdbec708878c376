"""A file of costs does not say whose costs they are, nor for what year."""

from rounds.conduct.costing import load_costs

path = folder / "costs.yaml"
path.write_text("currency: USD\nworth: 400\nitems: []\n")
load_costs(path, folder / "definitions")

# Instead:
from rounds.conduct.costing import load_costs

path = folder / "costs.yaml"
path.write_text(
    "perspective: the health system\n"
    "currency: USD\n"
    "price_year: 2025\n"
    "discount_rate: 0.03\n"
    "worth: 400\n"
    "worth_source: the board, March 2025\n"
    "items: items.csv\n"
)
(folder / "items.csv").write_text(
    "name,counts,domain,visit_classes,unit_cost,source\n"
    "Visits,events,visit,outpatient,90,price list 2025\n"
)
load_costs(path, folder / "definitions")
