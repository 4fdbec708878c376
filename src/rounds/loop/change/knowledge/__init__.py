"""Knowledge that a computer can serve: one file for each type."""

from pathlib import Path

from rounds.loop.change.knowledge.rule import Rule, check, compile_rule
from rounds.nouns import DefinitionError, KnowledgeObject

__all__ = [
    "Rule",
    "check",
    "check_knowledge",
    "compile_rule",
    "load_knowledge",
    "states_of",
]


def check_knowledge(knowledge: KnowledgeObject) -> None:
    """Refuse knowledge that cannot be served, or whose own examples fail.

    Raises
    ------
    DefinitionError
        Listing all that is wrong.
    """
    compile_rule(knowledge)


def states_of(knowledge: KnowledgeObject) -> frozenset[tuple[str, str]]:
    """Give (measure, field) of each measure's state that its rule asks for."""
    return frozenset(compile_rule(knowledge).states.values())


def load_knowledge(path: Path) -> KnowledgeObject:
    """Read a knowledge object from a YAML file.

    Raises
    ------
    DefinitionError
        If the file cannot be read, or is not a knowledge object.
    """
    try:
        text = Path(path).read_text()
    except (OSError, UnicodeDecodeError):
        raise DefinitionError(
            f"{path} cannot be read as a knowledge object.",
            code="knowledge-unreadable",
            remedies=("Check that the file is there and is text (UTF-8).",),
        ) from None
    return KnowledgeObject.from_yaml(text)
