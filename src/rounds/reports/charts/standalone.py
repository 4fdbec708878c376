"""A drawing as a file of its own, with the part of the style sheet that it needs.

The style is the pages': light and dark by the reader's setting, light on paper, and
the system's own colours where the reader has forced them.
"""

import re
import textwrap
from html import escape

__all__ = ["standing_alone"]

_BOLD = 8.0
"""Width of a bold letter of 12 px, in the widest of the usual typefaces."""
_BLOCK = re.compile(r"(@media \([^)]*\)|@media print)\s*\{((?:[^{}]*\{[^{}]*\})*)\s*\}")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def standing_alone(drawing: str, style: str, title: str = "") -> str:
    """Make an SVG document of a drawing.

    Parameters
    ----------
    drawing : str
        One SVG element, as a chart gives it.
    style : str
        The style sheet of the pages; of it, typefaces, colours (light, dark, print,
        forced) and what drawings are made of are taken along.
    title : str
        Written above the drawing, on two lines at most; a page has its own heading, a
        file has none. Empty where the drawing bears its title itself.

    Returns
    -------
    str
        A document that any browser shows, with no script and nothing to fetch.

    Examples
    --------
    >>> sheet = ":root { --ink: #111; } h1 { margin: 0; } .grid { stroke: red; }"
    >>> print(standing_alone('<svg class="plot"><title/></svg>', sheet))
    <svg xmlns="http://www.w3.org/2000/svg" class="plot"><style>
    :root { --ink: #111; }
    .grid { stroke: red; }
    .plot { background: var(--surface); }
    </style><title/></svg>
    """
    if title:
        drawing = _titled(drawing, title)
    used = set(re.findall(r'class="([^"]*)"', drawing))
    names = {name for names in used for name in names.split()} | {"plot", "grid"}
    sheet = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    faces = re.findall(r"@font-face\s*\{[^}]*\}", sheet)
    sheet = re.sub(r"@font-face\s*\{[^}]*\}", "", sheet)
    plain = [*faces, *_rules(_BLOCK.sub("", sheet), names)]
    media = []
    for found in _BLOCK.finditer(sheet):
        inner = _rules(found[2], names)
        if inner:
            media.append(f"{found[1]} {{ {' '.join(inner)} }}")
    lines = [*plain, ".plot { background: var(--surface); }", *media]
    opening = '<svg xmlns="http://www.w3.org/2000/svg"'
    head, tail = drawing.replace("<svg", opening, 1).split(">", 1)
    return f"{head}><style>\n" + "\n".join(lines) + f"\n</style>{tail}"


def _titled(drawing: str, title: str) -> str:
    """Write a title above a drawing, on paper that is taller by as much."""
    head, _, body = drawing.partition(">")
    width, height = (
        float(x) for x in re.findall(r' (?:width|height)="([\d.]+)"', head)
    )
    lines = textwrap.wrap(
        title, int((width - 28) / _BOLD), max_lines=2, placeholder=" …"
    )
    above = 18 * len(lines) + 8
    head = re.sub(
        r'viewBox="[^"]*"', f'viewBox="0 {-above} {width:g} {height + above:g}"', head
    )
    head = re.sub(r' height="[^"]*"', f' height="{height + above:g}"', head)
    written = "".join(
        f'<text class="strong" x="14" y="{18 * (i + 1) - above}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    # After the name and the description, which stand first.
    at = body.index("</desc>") + len("</desc>")
    return f"{head}>{body[:at]}{written}{body[at:]}\n"


def _rules(sheet: str, names: set[str]) -> list[str]:
    """Take the rules for the root and for classes that the drawing has."""
    kept = []
    for selectors, body in _RULE.findall(sheet):
        wanted = [
            selector.strip()
            for selector in selectors.split(",")
            if _matches(selector.strip(), names)
        ]
        if wanted:
            kept.append(f"{', '.join(wanted)} {{ {' '.join(body.split())} }}")
    return kept


def _matches(selector: str, names: set[str]) -> bool:
    if selector == ":root":
        return True
    classes = re.findall(r"\.([\w-]+)", selector)
    return bool(classes) and set(classes) <= names and ":" not in selector
