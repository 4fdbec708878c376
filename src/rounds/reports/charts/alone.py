"""A drawing as a file of its own, with the part of the style sheet that it needs."""

import re

__all__ = ["standing_alone"]

_BLOCK = re.compile(r"(@media \([^)]*\)|@media print)\s*\{((?:[^{}]*\{[^{}]*\})*)\s*\}")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def standing_alone(drawing: str, style: str) -> str:
    """Make an SVG document of a drawing.

    Parameters
    ----------
    drawing : str
        One SVG element, as a chart gives it.
    style : str
        The style sheet of the pages; of it, typefaces, colours (light, dark, print,
        forced) and what drawings are made of are taken along.

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
