"""Generators of what clauses are made of: events, days, numbers and criteria."""

from hypothesis import strategies as st

from rounds.nouns import Ref

COHORT = Ref(name="cohort/made-up", version="1", hash="0" * 64)
SETS = {
    "condition": "essential-hypertension",
    "measurement": "systolic",
    "observation": "nursing-home",
    "procedure": "dialysis-or-transplant",
    "drug": "antihypertensives",
    "device": "dialysis-or-transplant",
}
CODELESS = ["visit", "visit", "death", "observation_period", "cohort"]
NUMBERS = {
    "drug": ["quantity", "days_supply", "refills", "length_days"],
    "procedure": ["quantity"],
    "device": ["quantity", "length_days"],
    "visit": ["length_days"],
    "condition": ["length_days"],
}
NEAR = "near"
"""The basis of events that are beside others, whose days hang on a row."""


def anchors(basis):
    """The anchors that days may hang on, those that matter most several times."""
    found = ["period_start", "period_end"]
    if basis in {"visit", "procedure"}:
        found += ["index", "index", "index_end"]
    if basis == NEAR:
        found += ["event", "event", "event_end"]
    return found


@st.composite
def points(draw, basis, low, high, *, hours=False, depth=1):
    """A day: an anchor, some days or months or hours away."""
    if depth and basis != NEAR and draw(st.integers(0, 5)) == 0:
        at = draw(occurrences(basis, depth=depth - 1))
    else:
        dates = ["2025-02-10"] if draw(st.integers(0, 7)) == 0 else []
        at = draw(st.sampled_from(dates or anchors(basis)))
    timed = isinstance(at, str) and at.startswith(("index", "event"))
    if hours and timed and draw(st.booleans()):
        return {"at": at, "hours": draw(st.sampled_from([-24, -1, 0, 12, 72]))}
    plain = {"at": at, "days": draw(st.integers(low, high))}
    if draw(st.integers(0, 3)) == 0:
        plain["months"] = draw(st.integers(-1, 2))
    return plain


@st.composite
def occurrences(draw, basis, *, depth=0):
    """A day of some events: the first, the last, the second from a side."""
    return {
        "which": draw(st.sampled_from(["first", "last"])),
        "events": draw(events(basis, depth=depth)),
        "nth": draw(st.sampled_from([1, 1, 2])),
        "day": draw(st.sampled_from(["start", "start", "end"])),
    }


@st.composite
def events(draw, basis, domain=None, *, started=False, depth=1):
    """Events of a domain, with a window, units, visit classes and neighbours."""
    domain = domain or draw(st.sampled_from([*SETS, *CODELESS]))
    plain = {"domain": domain}
    match = "starts_in"
    if not started:
        kinds = ["starts_in", "starts_in", "overlaps", "ends_in", "covers"]
        match = draw(st.sampled_from(kinds))
    plain["match"] = match
    timed = match == "starts_in" and domain not in {"observation_period", "cohort"}
    window = {}
    if started or match == "covers" or draw(st.booleans()):
        start = points(basis, -40, 10, hours=timed and not started, depth=depth)
        window["start"] = draw(start)
    if match == "covers" or draw(st.booleans()):
        window["end"] = draw(points(basis, 0, 60, hours=timed, depth=depth))
    plain["window"] = window
    if domain in SETS:
        plain["concept_set"] = SETS[domain]
    if domain == "cohort":
        plain["cohort"] = str(COHORT)
    plain |= draw(_what_rows_hold(domain))
    if domain not in {"death", "observation_period", "cohort"}:
        plain["not_from"] = draw(st.sampled_from([[], ["emergency", "inpatient"]]))
        plain["visit_classes"] = draw(st.sampled_from([[], [], ["outpatient"]]))
        if basis in {"visit", "procedure"}:
            which = ["any", "any", "index", "another"]
            plain["of_visit"] = draw(st.sampled_from(which))
            plain["without_index"] = domain == basis and draw(st.booleans())
    if depth and domain != "cohort" and draw(st.integers(0, 3)) == 0:
        of_visit = domain not in {"death", "observation_period"}
        plain["near"] = draw(st.lists(_near(of_visit), min_size=1, max_size=2))
    return plain


@st.composite
def _what_rows_hold(draw, domain):
    plain = {}
    if domain in {"measurement", "observation"}:
        plain["units"] = draw(st.sampled_from([["mm[Hg]", "mmHg"]] * 3 + [[]]))
        if plain["units"]:
            plain["value"] = draw(
                st.none() | st.just({"at_least": 90}) | st.just({"below": 140})
            )
        extra = draw(st.sampled_from([None, None, "answer", "has_result"]))
        if extra:
            plain[extra] = "nursing-home" if extra == "answer" else True
    elif domain in NUMBERS and draw(st.booleans()):
        plain["number"] = draw(st.sampled_from(NUMBERS[domain]))
        plain["value"] = draw(st.none() | st.just({"above": 1}))
    if domain == "drug" and draw(st.integers(0, 4)) == 0:
        plain["drug_types"] = ["prescription", "dispensing"]
    if domain == "visit" and draw(st.integers(0, 4)) == 0:
        plain["discharged_to"] = "nursing-home"
    return plain


@st.composite
def _near(draw, of_visit):
    inner = draw(events(NEAR, depth=draw(st.sampled_from([0, 0, 1]))))
    visited = of_visit and inner["domain"] in {*SETS, "visit"}
    return {
        "events": inner,
        "absent": draw(st.booleans()),
        "same_visit": visited and draw(st.booleans()),
    }


@st.composite
def readings(draw, basis):
    """A reading of any kind, on a chosen day or on any."""
    pick = draw(
        st.sampled_from(
            ["lowest", "highest", "first", "last", "sum", "mean", "count", "days"]
        )
    )
    if pick in {"count", "days"}:
        plain = {"pick": pick, "events": draw(events(basis))}
    else:
        domain = draw(st.sampled_from(["measurement", "measurement", "drug", "visit"]))
        chosen = draw(events(basis, domain))
        if domain == "measurement":
            chosen["units"] = ["mm[Hg]", "mmHg"]
        else:
            chosen.setdefault("number", NUMBERS[domain][0])
        plain = {"pick": pick, "events": chosen}
        plain["otherwise"] = draw(st.sampled_from([None, None, 0.0, 7.5]))
    if pick in {"first", "last"}:
        plain["nth"] = draw(st.sampled_from([1, 1, 2]))
    if draw(st.booleans()):
        days = draw(st.lists(events(basis, "measurement"), min_size=1, max_size=2))
        plain["day"] = {"events": days}
    return plain


@st.composite
def numbers(draw, basis, *, depth=1):
    """A number: a reading, an age, days between, or a score of some of them."""
    kinds = ["reading", "reading", "years", "days_between"] + ["score"] * (2 * depth)
    kind = draw(st.sampled_from(kinds))
    if kind == "reading":
        return draw(readings(basis))
    if kind == "years":
        return {"op": "years", "at": draw(points(basis, -400, 400))}
    if kind == "days_between":
        ends = [draw(points(basis, -40, 40)) for _ in range(2)]
        return {"op": "days_between", "start": ends[0], "end": ends[1]}
    terms = []
    for _ in range(draw(st.integers(1, 3))):
        term = {"coefficient": draw(st.sampled_from([-1.5, 0.1, 2.0]))}
        if draw(st.booleans()):
            term["when"] = draw(criteria(basis, depth=0))
        else:
            term["number"] = draw(numbers(basis, depth=0))
        terms.append(term)
    return {
        "op": "score",
        "link": draw(st.sampled_from(["identity", "logit", "log"])),
        "intercept": draw(st.sampled_from([0.0, -2.3])),
        "terms": terms,
    }


def criteria(basis, *, depth=1):
    """Any criterion of the grammar, two or three deep."""
    leaves = [
        st.fixed_dictionaries(
            {
                "op": st.just("age"),
                "at": st.sampled_from(anchors(basis)) | points(basis, -400, 400),
                "from_years": st.none() | st.integers(15, 30),
                "to_years": st.integers(70, 90),
            }
        ),
        st.fixed_dictionaries(
            {"op": st.just("sex"), "of": st.sampled_from(["female", "male"])}
        ),
        st.fixed_dictionaries(
            {
                "op": st.just("exists"),
                "events": events(basis),
                "at_least": st.sampled_from([1, 1, 2]),
                "count": st.sampled_from(["rows", "days"]),
            }
        ),
        st.fixed_dictionaries(
            {
                "op": st.just("compare"),
                "reading": numbers(basis, depth=depth),
                "range": st.sampled_from(
                    [{"below": 140}, {"above": 90}, {"at_most": 99.5}, {"above": 0}]
                ),
                "if_missing": st.booleans(),
            }
        ),
        st.fixed_dictionaries(
            {"op": st.just("new_code"), "events": events(basis, "drug", started=True)}
        ),
        _in_cohort(basis),
    ]
    if basis != "person":
        leaves.append(
            st.sampled_from(
                [
                    {"op": "index_visit", "classes": ["outpatient"]},
                    {"op": "index_visit", "discharged_to": "nursing-home"},
                ]
            )
        )
    if basis == "procedure":
        leaves.append(
            st.just({"op": "index_procedure", "concept_set": SETS["procedure"]})
        )
    if not depth:
        return st.one_of(leaves)
    return st.recursive(
        st.one_of(leaves),
        lambda inner: st.one_of(
            st.fixed_dictionaries(
                {
                    "op": st.sampled_from(["all", "any"]),
                    "of": st.lists(inner, min_size=1, max_size=3),
                }
            ),
            st.fixed_dictionaries({"op": st.just("not"), "of": inner}),
        ),
        max_leaves=4,
    )


@st.composite
def _in_cohort(draw, basis):
    plain = draw(events(basis, "cohort"))
    kept = {name: plain[name] for name in ("cohort", "window", "match")}
    return {"op": "in_cohort", **kept}
