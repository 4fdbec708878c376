"""Patients are to be balanced by sex, and the service does not ask for the patient."""

from rounds.nouns import Design
from stories import practice as story

practice = story.open_practice(folder)
plain = story.knowledge()
asked = {key: one for key, one in plain.service.prefetch.items() if key != "patient"}
high = {"fact": "systolic", "op": ">=", "value": 140}
story.start(
    practice,
    "patient",
    plain.model_copy(
        update={
            "service": plain.service.model_copy(update={"prefetch": asked}),
            "payload": {**plain.payload, "when": {"all": [high]}},
            "examples": tuple(
                one.model_copy(update={"context": {"systolic": mmhg}, "fires": fires})
                for one, mmhg, fires in zip(
                    plain.examples, (150, 120), (True, False), strict=False
                )
            ),
        }
    ),
    design=Design(unit="patient", allocation="minimisation"),
)

# Instead:
from rounds.nouns import Design
from stories import practice as story

practice = story.open_practice(folder)
story.start(
    practice,
    "patient",
    design=Design(unit="patient", allocation="minimisation"),
)
