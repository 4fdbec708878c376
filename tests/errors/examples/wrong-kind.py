"""A reference points at a noun of another kind."""

import datetime as dt
from rounds.conduct import Desk, Project
from rounds.nouns import Community, Evidence, Member

people = (Member(name="Ana", role="patient_partner"), Member(name="Bo", role="sponsor"))
project = Project.init(folder / "h", source=None)
with Desk.open(project, now=dt.datetime.now, by="Bo") as desk:
    published = desk.publish(Community(name="htn", members=people))
    desk.read(published.ref(), Evidence)
