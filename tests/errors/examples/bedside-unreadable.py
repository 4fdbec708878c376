"""The file of states that the point of care reads is damaged."""

import datetime as dt

from rounds.datamart.bedside import Bedside

(folder / "bedside.sqlite").write_bytes(b"damaged" * 1000)
asked = ["measure.blood-pressure-control.met"]
Bedside(folder / "bedside.sqlite").facts(asked, ["p1"], [dt.date(2025, 2, 3)])

# Instead:
import datetime as dt

from rounds.datamart.bedside import Bedside

(folder / "bedside.sqlite").unlink(missing_ok=True)
asked = ["measure.blood-pressure-control.met"]
Bedside(folder / "bedside.sqlite").facts(asked, ["p1"], [dt.date(2025, 2, 3)])
