"""Who is named before adjustment for case-mix, who after, in plain words."""

from rounds.nouns import CaseMix, Diagnoses, NotEstimable, Problem, Variation
from rounds.reports.wording import percent

__all__ = ["case_mix_sentences", "named_sites", "plain_case_mix"]

_CHARACTERISTICS = {
    "age": "age",
    "sex": "sex",
    "svi_quartile": "social vulnerability",
    "diagnoses": "diagnoses",
}
_PLAIN = {
    "age": "how old people are",
    "sex": "whether they are men or women",
    "svi_quartile": "how hard life is where they live",
    "diagnoses": "what other illnesses they had before",
}

Named = frozenset[tuple[str, str]]
"""Sites, each with the side on which it is named: `below` or `above`."""


def named_sites(found: Variation | CaseMix) -> Named:
    """Give the sites outside the limits, each with its side."""
    low = {(site, "below") for site in found.outliers_low}
    return frozenset(low | {(site, "above") for site in found.outliers_high})


def case_mix_sentences(problem: Problem, *, masked: bool = False) -> list[str]:
    """Say who is named as sites are, and who after adjustment.

    Parameters
    ----------
    problem : Problem
        As it was published.
    masked : bool
        Say how many, and not who.

    Returns
    -------
    list of str
        One sentence for each of: both, before alone, after alone, and the model, and
        what diagnoses add to it; the reason alone where there is no adjustment; nothing
        where none was asked for.
    """
    found = problem.case_mix
    if found is None:
        return []
    if isinstance(found, NotEstimable):
        return [found.reason]
    by = _listed([_CHARACTERISTICS[name] for name in found.adjusted_for])
    after, before = named_sites(found), frozenset[tuple[str, str]]()
    said_first = []
    if isinstance(problem.variation, Variation):
        before = named_sites(problem.variation)
    else:
        said_first.append("As they are, nothing can be told of sites.")
    groups = (
        (
            before & after,
            f"Outside the limits as they are and after adjustment for {by}",
        ),
        (before - after, f"Outside as they are, and not after adjustment for {by}"),
        (after - before, f"Outside only after adjustment for {by}"),
    )
    said_of = [f"{words}: {_who(who, masked=masked)}." for who, words in groups if who]
    if not said_of:
        said_of = [
            f"No site lies outside its limits, as it is or after adjustment for {by}."
        ]
    return [
        *said_first,
        *said_of,
        _model(found, by),
        *_diagnoses(found.diagnoses, masked=masked),
    ]


def plain_case_mix(problem: Problem) -> str:
    """Say the same in a few short words, for patients; empty without adjustment."""
    found = problem.case_mix
    if not isinstance(found, CaseMix):
        return ""
    what = _listed([_PLAIN[name] for name in found.adjusted_for])
    first = f"We then took into account {what}."
    after = named_sites(found)
    before = frozenset[tuple[str, str]]()
    if isinstance(problem.variation, Variation):
        before = named_sites(problem.variation)
    if after == before:
        return f"{first} {'The same places' if after else 'No places'} stood out."
    if not after:
        return f"{first} Then no places stood out."
    return f"{first} Then not all of the same places stood out."


def _model(found: CaseMix, by: str) -> str:
    value, low, high = found.c_statistic.numbers
    return (
        f"By {by} alone, the model tells patients who met the measure from others with "
        f"a c statistic of {value:.2f} (95% CI {low:.2f} to {high:.2f}; 0.5 is a toss "
        "of a coin); what it expects and what was observed differ by "
        f"{percent(found.calibration_error)} on average over tenths of patients."
    )


def _diagnoses(found: Diagnoses | NotEstimable | None, *, masked: bool) -> list[str]:
    """Say how the model does with diagnoses and without, on new patients."""
    if found is None:
        return []
    if isinstance(found, NotEstimable):
        return [found.reason]
    value, low, high = found.after.c_statistic.numbers
    after = (
        f"{value:.2f} (95% CI {low:.2f} to {high:.2f}), calibration slope "
        f"{found.after.calibration_slope:.2f}, {percent(found.after.calibration_error)}"
        " apart on average"
    )
    if found.before is None:
        said = [f"On patients it was not fitted to, its c statistic is {after}."]
    else:
        value, low, high = found.before.c_statistic.numbers
        said = [
            (
                "On patients it was not fitted to, its c statistic is "
                f"{value:.2f} ({low:.2f} to {high:.2f}) without diagnoses, calibration "
                f"slope {found.before.calibration_slope:.2f}, "
                f"{percent(found.before.calibration_error)} apart on average; with "
                f"them {after}."
            ),
            _who_moves(found, masked=masked),
        ]
    known = _listed([name.lower() for name in found.groups])
    counted = (
        f"Diagnoses counted, each by itself: {known}; who has others of Charlson's "
        "groups is counted by how many, if enough patients have any."
        if found.groups
        else "Diagnoses are counted by how many of Charlson's groups a patient is in."
    )
    if found.recorded is not None:
        counted += (
            f" For {percent(1 - found.recorded)} of patients none of any kind was "
            "written down before; they are a group of their own."
        )
    return [
        *said,
        (
            f"{counted} Sites write down {found.depth_low:.2f} (a tenth of sites "
            f"fewer) to {found.depth_high:.2f} (a tenth more) groups a patient: where "
            "that is habit and not health, the comparison is unfair to those who write "
            "less."
        ),
    ]


def _who_moves(found: Diagnoses, *, masked: bool) -> str:
    assert found.before is not None
    sides = []
    for fit in (found.before, found.after):
        low = {(site, "below") for site in fit.outliers_low}
        sides.append(frozenset(low | {(site, "above") for site in fit.outliers_high}))
    gone, come = sides[0] - sides[1], sides[1] - sides[0]
    if not gone and not come:
        return "Diagnoses change nothing in who is outside the limits."
    parts = []
    if gone:
        parts.append(f"no longer outside the limits: {_who(gone, masked=masked)}")
    if come:
        parts.append(f"outside them only now: {_who(come, masked=masked)}")
    return f"With diagnoses, {'; '.join(parts)}."


def _who(named: Named, *, masked: bool) -> str:
    if masked:
        return f"{len(named)} {'site' if len(named) == 1 else 'sites'}"
    return ", ".join(f"{site} ({side})" for site, side in sorted(named))


def _listed(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
