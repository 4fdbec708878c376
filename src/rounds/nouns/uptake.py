"""Who took it up, and what it asked of them (RE-AIM's adoption; burden)."""

from pydantic import Field

from rounds.nouns.base import Noun
from rounds.nouns.estimate import Estimate
from rounds.nouns.not_estimable import NotEstimable

__all__ = ["Burden", "ClinicUptake", "Uptake"]

_Found = Estimate | NotEstimable


class ClinicUptake(Noun):
    """What became of the cards at one clinic that was told to use it."""

    clinic: str
    """Its number in the alphabet of those told to use it: no name is published."""
    accepted: _Found
    """Of the cards shown there."""
    adopted: bool | None
    """Whether any was accepted; None where suppressed."""
    suppressed: bool = False


class Uptake(Noun):
    """Adoption by setting and by clinician; a clinician is a pseudonym, never told."""

    clinics: _Found
    """Of the clinics to which the card was to be shown, those where any was accepted.
    """
    clinicians: _Found
    """Of the clinicians who were shown a card, those who accepted any."""
    by_clinic: tuple[ClinicUptake, ...] = Field(
        default=(), exclude_if=lambda it: not it
    )


class Burden(Noun):
    """What it asks of clinicians, on a day with any call."""

    cards: _Found
    """Shown, a clinician and day."""
    minutes: _Found
    """Given to cards, a clinician and day, at the minutes that the costs name."""
