"""`rounds evaluation adaptive`: what an allocation that follows outcomes costs."""

from typing import TYPE_CHECKING, Any, Literal

from rounds.cli.output import show, table, working

if TYPE_CHECKING:
    from rounds.loop.evaluation.arms.adaptation import AdaptationFound
    from rounds.methods.allocations.adaptive_trials import Estimator

__all__ = ["adaptive_"]


def adaptive_(
    *,
    patients: int,
    looks: str,
    control: float,
    effect: float,
    drift: float = 0.0,
    rule: Literal["square-root", "information"] = "square-root",
    least: float = 0.1,
    fixed_share: float = 0.2,
    lag: float = 0.0,
    prior_sd: float | None = None,
    alpha: float = 0.025,
    trials: int = 4000,
    seed: int = 1,
    json: bool = False,
) -> None:
    """Make trials whose allocation follows outcomes, beside trials that stay 1:1.

    Prints how often each shows a benefit, without one and with it, at a threshold that
    is calibrated by simulation; how many patients are in the worse arm; what precision
    is lost; and the bias of three estimates. No data are needed.

    Parameters
    ----------
    patients
        Planned.
    looks
        Shares of the patients whose outcome is known at each look, 0.25,0.5,1; or how
        many equal steps, 4.
    control
        Chance of the good outcome without the card, for the first patient.
    effect
        Added by the card.
    drift
        By which both arms' chance changes from the first patient to the last.
    rule
        The power of the posterior probability that chances follow: one half, or half
        of the share of the information.
    least
        Chance below which no arm falls.
    fixed_share
        Of patients, allocated 1:1 throughout.
    lag
        Share of the patients who are enrolled while the last outcomes of a look come
        in, and are not allocated by it.
    prior_sd
        Of a normal prior around no effect, in planned standard errors; flat if not
        given.
    alpha
        Chance that any look shows a benefit where there is none.
    trials
        Of each kind.
    seed
        The same seed gives the same numbers.
    json
        Print one JSON object.
    """
    from rounds.loop.evaluation.arms.adaptation import AdaptationAsked, find_adaptation
    from rounds.loop.evaluation.looks.bounds import read_looks

    asked = AdaptationAsked(
        patients=patients,
        looks=read_looks(looks),
        control=control,
        effect=effect,
        drift=drift,
        rule="square_root" if rule == "square-root" else "information",
        least=least,
        fixed_share=fixed_share,
        lag=lag,
        prior_sd=prior_sd,
        alpha=alpha,
        trials=trials,
        seed=seed,
    )
    with working("making trials"):
        found = find_adaptation(asked)
    show(_numbers(found), _lines(found), as_json=json)


def _numbers(found: "AdaptationFound") -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(found) | {"information_lost": found.lost}


_NAMES: "dict[Estimator, str]" = {
    "by_epoch": "by epochs (the estimate)",
    "pooled": "all patients as one",
    "even_share": "the even share alone",
}


def _lines(found: "AdaptationFound") -> list[str]:
    asked, rows = found.asked, found.rows
    header = ("effect", "allocation", "shown", "as one", "worse arm", "SD, points")
    body = [
        (
            f"{one.effect:g}",
            one.allocation,
            f"{one.shown:.1%}",
            f"{one.shown_pooled:.1%}",
            f"{one.worse_off:.1%}",
            f"{100 * one.spread:.2f}",
        )
        for one in rows
    ]
    said = [*table(header, body), ""]
    of = ("estimate, adaptive trials", "bias without effect", "with", "missed")
    null, true = (one for one in rows if one.allocation == "adaptive")
    estimates = [
        (
            told,
            _points(null.bias[name]),
            _points(true.bias[name]),
            f"{null.missed[name]:.1%}, {true.missed[name]:.1%}",
        )
        for name, told in _NAMES.items()
    ]
    cut = found.calibrated
    error = 100 * (0.25 / asked.trials) ** 0.5
    return [
        *said,
        *table(of, estimates),
        "",
        (
            f"A benefit is shown at a posterior probability of {cut.threshold:.4f} "
            f"({cut.lower:.4f} to {cut.upper:.4f} with other random numbers), "
            f"calibrated to {asked.alpha:g} with chances that follow outcomes; "
            f"{found.planned:.4f} is exact for even arms."
        ),
        (
            f"With the effect, adapting loses {found.lost:.1%} of the information: as "
            f"if {round(found.lost * asked.patients):,} of {asked.patients:,} patients "
            "had not been there."
        ),
        (
            '"As one" are looks that read all patients without regard to epochs. Of '
            f"{asked.trials:,} trials each; shares are within {2 * error:.1f} points "
            "at the most. None is stopped: estimates are those of the planned end."
        ),
    ]


def _points(bias: tuple[float, float]) -> str:
    return f"{100 * bias[0]:+.2f} ± {100 * bias[1]:.2f}"
