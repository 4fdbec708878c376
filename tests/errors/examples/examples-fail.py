"""A site's own measure puts an example patient elsewhere than its authors expected."""

import datetime as dt

from rounds.conduct import Desk, Project
from rounds.definitions import builtin_measures

project = Project.init(folder / "h", source=None)
shipped = builtin_measures()["blood-pressure-control"]
measure = shipped.model_copy(update={"name": "our-control"})
measures = project.definitions / "measures"
measures.mkdir(exist_ok=True)
(measures / "our-control.examples.yaml").write_text(
    "measure: our-control\n"
    "period: {start: 2025-01-01, end: 2025-12-31}\n"
    "patients:\n"
    "  - {name: Never ill, born: 1960-01-01, expect: denominator}\n"
)
with Desk.open(project, now=lambda: dt.datetime.now(dt.UTC), by="ana") as desk:
    desk.publish(measure)

# Instead:
import datetime as dt

from rounds.conduct import Desk, Project
from rounds.definitions import builtin_measures

project = Project.init(folder / "h", source=None)
shipped = builtin_measures()["blood-pressure-control"]
measure = shipped.model_copy(update={"name": "our-control"})
measures = project.definitions / "measures"
measures.mkdir(exist_ok=True)
(measures / "our-control.examples.yaml").write_text(
    "measure: our-control\n"
    "period: {start: 2025-01-01, end: 2025-12-31}\n"
    "patients:\n"
    "  - {name: Never ill, born: 1960-01-01, expect: outside}\n"
)
with Desk.open(project, now=lambda: dt.datetime.now(dt.UTC), by="ana") as desk:
    desk.publish(measure)
