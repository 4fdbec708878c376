"""What may leave: a story in which small counts are suppressed."""

from dataclasses import replace
from typing import Any

from rounds.conduct import publishable
from rounds.reports.story import Story

__all__ = ["made_safe"]


def made_safe(story: Story) -> Story:
    """Suppress small counts in every noun; what is safe already stays as it is."""
    changed: dict[str, Any] = {
        name: publishable(noun)
        for name in ("problem", "evidence", "evaluation", "watch", "maintenance")
        if (noun := getattr(story, name)) is not None
    }
    return replace(story, **changed)
