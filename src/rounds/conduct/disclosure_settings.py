"""What `rounds.toml` says of disclosure: the profile, and who may see persons."""

import os
import pwd
from dataclasses import dataclass
from typing import Any, Self

from rounds.methods.disclosure.profiles import DEFAULT, PROFILES, Profile
from rounds.nouns import DefinitionError

__all__ = ["DisclosureSettings", "user_of_this_process"]


@dataclass(frozen=True)
class DisclosureSettings:
    """The section `[disclosure]`.

    Attributes
    ----------
    profile : Profile
        The rule by which counts are hidden and rounded.
    persons : frozenset of str
        The users of this machine who may see single persons; nobody if not said.
    together : bool
        Whether all who ask are taken for one, as where they may tell each other.
    """

    profile: Profile = DEFAULT
    persons: frozenset[str] = frozenset()
    together: bool = False

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Self:
        """Read the settings of a project.

        Raises
        ------
        DefinitionError
            If the section holds what it cannot.
        """
        section = settings.get("disclosure", {})
        unknown = sorted(set(section) - {"profile", "persons", "together"})
        name = section.get("profile", DEFAULT.name)
        persons = section.get("persons", [])
        together = section.get("together", False)
        if unknown:
            raise _wrong(f"{unknown[0]!r} is no setting of it")
        if not isinstance(name, str) or name not in PROFILES:
            raise _wrong(f"there is no profile {name!r}")
        if not isinstance(persons, list) or any(
            not isinstance(one, str) for one in persons
        ):
            raise _wrong("persons is not a list of user names")
        if not isinstance(together, bool):
            raise _wrong("together is neither true nor false")
        return cls(PROFILES[name], frozenset(persons), together)


def _wrong(what: str) -> DefinitionError:
    return DefinitionError(
        f"[disclosure] in rounds.toml cannot be used: {what}.",
        code="disclosure-settings",
        remedies=(
            f"profile = one of {', '.join(sorted(PROFILES))}",
            'persons = ["user"], the users of this machine who may see single persons',
            "together = true, to take all who ask for one",
        ),
    )


def user_of_this_process() -> str:
    """Give the user as the system knows it, whatever the environment says."""
    number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"
