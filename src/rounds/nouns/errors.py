"""What can go wrong, said in four parts: what, where, why it matters, what to try.

RoundsError
├── DefinitionError     the question is not well put              10
├── DataError           the data cannot answer it                 11
├── AccessError         you may not see this                      12
├── DisclosureError     showing this could reveal a person        13
├── DiagnosticError     the answer cannot be trusted              14
└── SourceError         another system failed us                  15

No message ever holds a value from a person's row.
"""

__all__ = [
    "AccessError",
    "DataError",
    "DefinitionError",
    "DiagnosticError",
    "DisclosureError",
    "RoundsError",
    "SourceError",
]


class RoundsError(Exception):
    """An error that a person can act on.

    Parameters
    ----------
    what : str
        What happened, with the offending value, but never one from a person's row.
    code : str
        A short hyphenated name, the anchor of its entry in the error manual.
    why : str
        Why it matters, where it is a matter of science; empty otherwise.
    remedies : tuple of str
        One to three concrete things to try.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        code: str = "error",
        why: str = "",
        remedies: tuple[str, ...] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.code = code
        self.why = why
        self.remedies = remedies

    def __str__(self) -> str:
        """Say all four parts as they are shown to a person."""
        parts = [self.what]
        if self.why:
            parts.append(self.why)
        if self.remedies:
            bullets = "\n".join(f" * {remedy}" for remedy in self.remedies)
            one = "To address this, try one of the following:"
            parts.append(f"{one}\n\n{bullets}")
        return "\n\n".join(parts)

    def as_dict(self) -> dict[str, object]:
        """Give the one shape that every JSON error has."""
        return {
            "error": {
                "code": self.code,
                "family": type(self).__name__,
                "what": self.what,
                "why": self.why,
                "remedies": list(self.remedies),
            }
        }


class DefinitionError(RoundsError):
    """The question is not well put."""

    exit_code = 10


class DataError(RoundsError):
    """The data cannot answer it."""

    exit_code = 11


class AccessError(RoundsError):
    """You may not see this."""

    exit_code = 12


class DisclosureError(RoundsError):
    """Showing this could reveal a person."""

    exit_code = 13


class DiagnosticError(RoundsError):
    """The answer cannot be trusted."""

    exit_code = 14


class SourceError(RoundsError):
    """Another system failed us."""

    exit_code = 15
