"""CONSORT's items up to the methods: from protocol, rollout and knowledge."""

from rounds.nouns import (
    Endpoint,
    Evidence,
    KnowledgeObject,
    Problem,
    Protocol,
    Rollout,
)
from rounds.reports.checklists.answers import (
    Answer,
    Answers,
    absent,
    not_applicable,
    not_yet,
    partly,
    reported,
    within,
)
from rounds.reports.checklists.consort_randomisation import blinding, randomisation
from rounds.reports.checklists.trial import Trial
from rounds.reports.figures.evaluation import CHARACTERISTICS
from rounds.reports.wording import day, named, span, threshold

__all__ = ["before_results"]

_DATABASE = "the name of the database, its setting and its places"
_ACCURACY = "how accurate and complete the data are, and how that was checked"


def before_results(trial: Trial) -> Answers:
    """Answer the items on title, introduction and methods.

    Parameters
    ----------
    trial : Trial
        With a protocol and a rollout.

    Returns
    -------
    dict of str to Answer
    """
    return {
        **_title(trial),
        **_introduction(trial.problem, trial.evidence, trial.protocol, trial.what),
        **_design(trial),
        **_participants(trial.protocol, trial.rollout),
        **_interventions(trial.knowledge, trial.protocol),
        **_outcomes(trial.protocol),
        **_size(trial),
        **randomisation(trial.rollout, trial.what),
        **blinding(trial.protocol),
        **_analysis(trial.protocol, trial.rollout),
    }


def _title(trial: Trial) -> Answers:
    protocol = trial.protocol
    title, where = protocol.title, within("Change", protocol, "title")
    words = title.lower()
    is_named = "randomi" in words
    of_clusters = "cluster" in words or trial.what.rstrip("s") in words
    quoted = f"“{title}”"
    summary = partly(
        "The report opens with the question, the result, its checks and the decision.",
        "the head of the report",
        "an abstract in the form that the journal asks for",
    )
    return {
        "1a": reported(quoted, where)
        if is_named
        else partly(quoted, where, "that it is a randomised trial"),
        "1a/cluster": reported(quoted, where)
        if is_named and of_clusters
        else partly(quoted, where, "that clusters were randomised"),
        "1b": summary,
        "1b/routine": absent("the name of the database"),
    }


def _introduction(
    problem: Problem, evidence: Evidence | None, protocol: Protocol, what: str
) -> Answers:
    stated = problem.statement or problem.title
    known = absent("what is known already")
    if evidence is not None:
        n = len(evidence.sources)
        known = reported(
            f"{stated} {n} source{'' if n == 1 else 's'} were appraised, certainty "
            f"{evidence.certainty.rating}.",
            within("Problem, Evidence", evidence, "sources, certainty"),
        )
    asked = protocol.primary.estimand
    scale = asked.summary_measure
    worth = f"{protocol.decision_rule.least_worthwhile:g}"
    if scale != "risk_difference":
        worth += f" ({scale.replace('_', ' ')})"
    sought = f"The smallest effect worth having is {worth}."
    if protocol.primary.hypothesis != "superiority":
        margin = threshold(protocol.primary.margin or 0.0, scale)
        sought = f"To be shown: {protocol.primary.hypothesis}, margin {margin}."
    return {
        "2a": known,
        "2a/cluster": absent(f"why {what} were randomised rather than persons"),
        "2b": reported(
            f"In {_lower(asked.population)}: {asked.treatment}, against "
            f"{_lower(asked.comparator)}. Outcome: {asked.variable}. {sought}",
            within("Change", protocol, "endpoints, decision_rule"),
        ),
        "2b/cluster": reported(
            f"About persons, who are treated at the {what} that were randomised.",
            within("Change", protocol, "endpoints"),
        ),
    }


def _design(trial: Trial) -> Answers:
    protocol, rollout = trial.protocol, trial.rollout
    unit = rollout.design.unit
    frozen = "the protocol and its outcomes are those that were frozen beforehand"
    unchanged: Answer = not_yet("evaluation")
    if trial.evaluation is not None:
        receipt = trial.evaluation.receipt[:12]
        unchanged = reported(
            f"None: {frozen} (receipt {receipt}…), and nothing else can be evaluated.",
            within("Evaluation", trial.evaluation, "receipt, protocol"),
        )
    return {
        **_shape(rollout, unit),
        "3a/routine": reported(
            "Who is eligible, at which visit the card is due, and every outcome are "
            "read from health records (FHIR R4 or OMOP CDM); nothing is collected for "
            "the trial alone.",
            within("Change", protocol, "endpoints"),
        ),
        "3b": unchanged,
        "6b": unchanged,
        "ROUTINE-1": partly(
            f"Health records; baseline {span(protocol.baseline)}, recruitment "
            f"{span(protocol.enrolment)}, {protocol.follow_up_days} days of follow-up.",
            within("Change", protocol, "baseline, enrolment, follow_up_days"),
            _DATABASE,
        ),
        "ROUTINE-2": absent("who gets into the database"),
        "ROUTINE-3": partly(
            "Allocation and exposures are joined to the records by the identifier that "
            "the records themselves have, without probabilistic matching.",
            within("Change", rollout, "design.unit"),
            "whether the records themselves were linked from several databases, and "
            "how well",
        ),
    }


def _participants(protocol: Protocol, rollout: Rollout) -> Answers:
    primary = protocol.primary
    consent = {
        "notice": "Patients were given notice, and asked for no consent.",
        "opt_out": "Patients were told, and could decline (opt-out).",
        "consent": "Patients were asked for consent.",
    }[rollout.notification]
    chosen = rollout.determination
    return {
        "4a": reported(
            f"{primary.estimand.population}.",
            within("Change", protocol, "endpoints.estimand.population"),
        ),
        "4a/cluster": absent("which clinics could take part"),
        "4a/routine": partly(
            f"Codes and logic: {primary.measure.short}.",
            within("Change", protocol, "endpoints.measure"),
            _ACCURACY,
        ),
        "4b": absent("settings and places"),
        "ROUTINE-4": reported(
            f"{consent} Determination: {chosen.outcome}, by {chosen.decided_by} on "
            f"{day(chosen.on)}. {chosen.reason}",
            within("Change", rollout, "notification, determination"),
        ),
    }


def _interventions(knowledge: KnowledgeObject | None, protocol: Protocol) -> Answers:
    asked = protocol.primary.estimand
    arms = f"{asked.treatment}; against: {_lower(asked.comparator)}."
    described: Answer = partly(
        arms, within("Change", protocol, "endpoints.estimand"), "the card itself"
    )
    if knowledge is not None:
        described = reported(
            f"{arms} {knowledge.title}: served at {knowledge.service.hook} (CDS "
            f"Hooks); its rule, its words and {len(knowledge.examples)} worked "
            "examples are published.",
            within("Change", knowledge, "payload, service, examples"),
        )
    return {
        "5": described,
        "5/cluster": reported(
            "It acts on persons, at the visits of the clinics that were randomised.",
            within("Change", protocol, "endpoints.estimand"),
        ),
    }


def _ratio(rollout: Rollout) -> str:
    adapts = rollout.design.adaptation is not None
    return "one to one" + (" until the first look, then as looks found" * adapts)


def _shape(rollout: Rollout, unit: str) -> Answers:
    """Say how arms lie to one another, and in time."""
    where = within("Change", rollout, "design")
    schedule, cluster = rollout.design.schedule, "A cluster is a clinic, with all its"
    factors = rollout.design.factors
    if factors is not None:
        return {
            "3a": reported(
                f"A 2×2 factorial trial of {factors.first} and {factors.second}, each "
                f"against silence, randomised by {unit} to four cells, one to one; "
                "compared at the margins. Why both in one trial is not recorded.",
                where,
            ),
            "3a/cluster": reported(
                f"{cluster} patients; it has one cell throughout.",
                within("Change", rollout, "design.unit"),
            ),
        }
    if schedule is None:
        return {
            "3a": reported(
                f"A trial with two parallel arms, {_ratio(rollout)}, randomised by "
                f"{unit}.",
                where,
            ),
            "3a/cluster": reported(
                f"{cluster} patients; it has one arm throughout.",
                within("Change", rollout, "design.unit"),
            ),
        }
    starts = ", ".join(day(start) for start in schedule.period_starts)
    rows = ", ".join(schedule.sequences)
    return {
        "3a": reported(
            f"A {schedule.title}, randomised by {unit} to the sequences {rows} (1 with "
            f"the card) of the periods from {starts}; in the last "
            f"{schedule.transition_days} days before each step nobody is enrolled.",
            where,
        ),
        "3a/cluster": reported(
            f"{cluster} patients; it has the arm that its sequence has on the day.",
            where,
        ),
    }


def _outcomes(protocol: Protocol) -> Answers:
    listed = "; ".join(_endpoint(each) for each in protocol.endpoints)
    where = within("Change", protocol, "endpoints")
    codes = ", ".join(dict.fromkeys(e.measure.short for e in protocol.endpoints))
    return {
        "6a": reported(f"{listed}.", where),
        "6a/cluster": reported("Each is of persons.", where),
        "6a/routine": partly(
            "Each is taken from the same health records.", where, _DATABASE
        ),
        "ROUTINE-5": partly(f"Codes and logic: {codes}.", where, _ACCURACY),
    }


def _endpoint(one: Endpoint) -> str:
    margin = "" if one.margin is None else f", margin {one.margin:g}"
    return f"{one.role}: {one.estimand.variable}{margin}"


def _size(trial: Trial) -> Answers:
    n = trial.rollout.n_units
    given = "" if n is None else f"{n} {trial.what} were randomised."
    where = within("Change", trial.rollout, "n_units")
    why = "how the size was determined (rounds evaluation power)"
    return {
        "7a": partly(given, where, why) if given else absent(why),
        "7a/cluster": partly(
            given, where, "the sizes and the correlation that were assumed"
        )
        if given
        else absent("the sizes and the correlation that were assumed"),
        "7b": _looks(trial.protocol),
    }


def _looks(protocol: Protocol) -> Answer:
    plan = protocol.looks
    if plan is None:
        return reported(
            "None: outcomes by arm cannot be read before the last follow-up has ended.",
            within("Change", protocol, "enrolment, follow_up_days"),
        )
    shares = ", ".join(f"{share:.0%}" for share in plan.fractions)
    at = f" at {shares} of the information" if shares else ""
    pauses = "; ".join(
        f"harm of {one.endpoint} beyond {one.margin:g} pauses it (false alarms at "
        f"most {one.alpha:.1%})"
        for one in protocol.guardrails
    )
    return reported(
        f"Looks are {plan.looks.replace('_', ' ')}{at}. "
        + (f"By guardrail, {pauses}." if pauses else "No guardrail pauses it."),
        within("Change", protocol, "looks, guardrails"),
    )


def _analysis(protocol: Protocol, rollout: Rollout) -> Answers:
    adjusted = ", ".join(named(name).lower() for name in protocol.covariates)
    groups = ", ".join(CHARACTERISTICS[one] for one in protocol.equity_groups)
    where = within("Change", protocol, "analysis, covariates, level")
    of = f"{rollout.design.unit}s"
    if rollout.design.allocation == "matched_pairs":
        of = "pairs of clinics"
    elif rollout.design.unit == "encounter":
        of = "clinics (or patients, if clinics are few)"
    return {
        "12a": reported(
            f"{protocol.analysis} Intervals at {protocol.level:.0%}."
            f"{f' Adjusted for {adjusted}.' if adjusted else ''}",
            where,
        ),
        "12a/cluster": reported(
            f"Standard errors and degrees of freedom allow for {of} as clusters.",
            where,
        ),
        "12b": reported(
            f"Effects by {groups}, with interactions, set down beforehand.",
            within("Change", protocol, "equity_groups"),
        )
        if groups
        else not_applicable("None was planned."),
    }


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
