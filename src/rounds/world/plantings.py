"""What is planted beside hypertension: levels, and how far clinics differ."""

from dataclasses import dataclass, fields

__all__ = ["DiabetesPlanting", "ScreeningPlanting"]

WIDEST = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DiabetesPlanting:
    """How diabetes is cared for at an ordinary clinic, and how far clinics differ.

    Parameters
    ----------
    tested : float
        Share of those seen whose HbA1c is measured within a year, in (0, 1).
    tested_spread : float
        Standard deviation between clinics, on the logit, in [0, 2].
    above_nine : float
        Share whose HbA1c is above 9% on the first day of data, in (0, 1).
    control_spread : float
        Standard deviation between clinics of the logarithm of what lies above 5.2%
        HbA1c, in [0, 2].
    statin : float
        Share of those from 40 years on who take a statin on the first day of data.
    statin_spread : float
        Standard deviation between clinics, on the logit, in [0, 2].
    """

    tested: float = 0.84
    tested_spread: float = 0.4
    above_nine: float = 0.17
    control_spread: float = 0.25
    statin: float = 0.65
    statin_spread: float = 0.3

    def checks(self) -> list[tuple[bool, str]]:
        """Give, of every setting, whether it can be, and the sentence if not."""
        return _checks(self, "diabetes")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningPlanting:
    """How many keep up with colorectal screening, and how far clinics differ.

    Parameters
    ----------
    done : float
        Share who keep up with it at an ordinary clinic, in (0, 1).
    done_spread : float
        Standard deviation between clinics, on the logit, in [0, 2].
    """

    done: float = 0.62
    done_spread: float = 0.45

    def checks(self) -> list[tuple[bool, str]]:
        """Give, of every setting, whether it can be, and the sentence if not."""
        return _checks(self, "screening")


def _checks(
    planting: DiabetesPlanting | ScreeningPlanting, name: str
) -> list[tuple[bool, str]]:
    checked = []
    for field in fields(planting):
        value = getattr(planting, field.name)
        said = f"WorldConfig.{name}.{field.name} is {value}, not"
        if field.name.endswith("_spread"):
            checked.append((0 <= value <= WIDEST, f"{said} from 0 to {WIDEST:g}."))
        else:
            checked.append((0 < value < 1, f"{said} between 0 and 1."))
    return checked
