"""What every page is made with: templates, the style sheet, drawn pictures."""

import base64
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

__all__ = ["drawn", "style_sheet", "templates"]

_FONTS = (
    ("Inter", 400, "inter-regular.woff2"),
    ("Inter", 600, "inter-semibold.woff2"),
    ("Source Serif 4", 600, "source-serif-4-semibold.woff2"),
)


@cache
def style_sheet(*, embedded: bool) -> str:
    """Give the style sheet, with its typefaces inside it or beside it (`fonts/…`)."""
    package = files("rounds.reports")
    faces = []
    for family, weight, name in _FONTS:
        address = f"fonts/{name}"
        if embedded:
            raw = (package / "fonts" / name).read_bytes()
            address = f"data:font/woff2;base64,{base64.b64encode(raw).decode()}"
        faces.append(
            f'@font-face{{font-family:"{family}";font-weight:{weight};'
            f'font-display:swap;src:url("{address}") format("woff2")}}'
        )
    sheet = (package / "style.css").read_text(encoding="utf-8")
    return "\n".join(faces) + "\n" + sheet


@cache
def templates() -> Environment:
    """Give the templates of this room; a name that they lack is an error."""
    return Environment(
        loader=PackageLoader("rounds.reports"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def drawn(markup: str) -> Markup:
    """Mark as finished what our own charts and templates made, escaped there."""
    return Markup(markup)  # noqa: S704
