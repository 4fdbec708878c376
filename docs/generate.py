# ruff: noqa: INP001 - a script, not a package
"""Write the generated pages: the glossary, the error manual, the command manual.

Run by `make docs`; with `--check` it writes nothing and fails where a page is not
what it would write.
"""

import inspect
import io
import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from error_examples import REPO, Example, codes_raised, read_examples, run
from fhir_page import fhir
from measure_page import measures
from rich.console import Console

import rounds.nouns
from rounds.cli.main import app
from rounds.nouns import Noun, Published, RoundsError

INTRODUCTION = """
Each error says what happened, why it matters, and what to try.
Its family gives the exit code of the command line; its code is the heading below.
No message holds a value from a person's row.
"""

NOTE = "<!-- Made by docs/generate.py: `make docs`. Edit what it is made from. -->\n"


def glossary() -> str:
    """Give GLOSSARY.md: the words of the field, then every noun from its docstring."""
    words = (REPO / "docs" / "words.md").read_text("utf-8")
    found = [getattr(rounds.nouns, name) for name in rounds.nouns.__all__]
    classes = [one for one in found if inspect.isclass(one) and issubclass(one, Noun)]
    published = [one for one in classes if issubclass(one, Published)]
    published = [one for one in published if one is not Published]
    parts = [one for one in classes if one not in published]
    pages = [NOTE + words.strip(), "## Published nouns"]
    pages.append(
        "Kept by the ledger, pointed at by `kind/name|version#hash`. Each also has"
        " `name`, `version` and `provenance`."
    )
    pages += [_noun(one) for one in published]
    pages.append("## What they are made of")
    pages += [_noun(one) for one in parts]
    return "\n\n".join(pages) + "\n"


def _noun(noun: type[Noun]) -> str:
    inherited = set(Published.model_fields) if issubclass(noun, Published) else set()
    if noun is Published:
        inherited = set()
    lines = [f"### {noun.__name__}", "", inspect.cleandoc(noun.__doc__ or ""), ""]
    for name, field in noun.model_fields.items():
        if name in inherited:
            continue
        told = " ".join((field.description or "").split())
        lines.append(f"- `{name}`" + (f": {told}" if told else ""))
    return "\n".join(lines).rstrip()


def errors() -> str:
    """Give the error manual: for each code its meaning, cause, message and cure."""
    families = codes_raised()
    pages = [NOTE + "# Errors", INTRODUCTION.strip(), _families()]
    pages += [_error(one, families.get(one.code, set())) for one in read_examples()]
    return "\n\n".join(pages) + "\n"


def _families() -> str:
    rows = ["| family | says | exit code |", "|---|---|---|"]
    for family in (RoundsError, *RoundsError.__subclasses__()):
        told = (family.__doc__ or "").splitlines()[0]
        rows.append(f"| `{family.__name__}` | {told} | {family.exit_code} |")
    return "\n".join(rows)


def _error(example: Example, families: set[str]) -> str:
    named = ", ".join(f"`{family}`" for family in sorted(families))
    parts = [f"## {example.code}", f"{named}. {example.meaning}"]
    if example.not_made:
        return "\n\n".join([*parts, f"Not made here: {example.not_made}"])
    raised = run(example.wrong)
    parts += [
        f"```python\n{example.wrong}\n```",
        f"```text\n{str(raised).strip()}\n```",
    ]
    if example.right:
        parts += ["Instead:", f"```python\n{example.right}\n```"]
    return "\n\n".join(parts)


def commands() -> str:
    """Give the command manual: the help of every command, as the program prints it."""
    pages = [NOTE + "# Commands", _help(())]
    for tokens in _commands(()):
        pages += [f"## rounds {' '.join(tokens)}", _help(tokens)]
    pages.append(
        "Exit codes: 0 done; 1 a fault in Rounds; 2 not understood; the rest by the"
        " family of the error (see [errors](errors.md))."
    )
    return "\n\n".join(pages) + "\n"


def _commands(above: tuple[str, ...]) -> list[tuple[str, ...]]:
    inner = app[above[0]] if above else app
    found: list[tuple[str, ...]] = []
    for name in inner:
        if name.startswith("-"):
            continue
        tokens = (*above, name)
        group = [] if above else _commands(tokens)
        found += group or [tokens]
    return found


def _help(tokens: tuple[str, ...]) -> str:
    written = io.StringIO()
    console = Console(file=written, width=88, color_system=None, force_terminal=False)
    app.help_print(list(tokens), console=console)
    lines = [line.rstrip() for line in written.getvalue().strip().splitlines()]
    return "```text\n" + textwrap.dedent("\n".join(lines)) + "\n```"


PAGES = {
    "GLOSSARY.md": glossary,
    "docs/reference/errors.md": errors,
    "docs/reference/commands.md": commands,
    "docs/reference/fhir.md": lambda: NOTE + fhir(),
    "docs/reference/measures.md": lambda: NOTE + measures(),
}


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are not current."""
    stale = []
    for name, make in PAGES.items():
        path, text = REPO / name, make()
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    said = "is not current" if "--check" in arguments else "written"
    sys.stdout.writelines(f"{said}: {name}\n" for name in stale)
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
