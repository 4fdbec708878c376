"""One chart as a file of its own: the drawing, and the part of the style it needs.

The style is the report's: light and dark by the reader's setting, light on paper, and
the system's own colours where the reader has forced them.
"""

import re
import textwrap
from html import escape
from importlib.resources import files

from rounds.reports.charts.alone import standing_alone

__all__ = ["standalone"]

_BOLD = 8.0
"""Width of a bold letter of 12 px, in the widest of the usual typefaces."""


def standalone(svg: str, title: str = "") -> str:
    """Make a drawing a file that any browser shows by itself.

    Parameters
    ----------
    svg : str
        One SVG element, as the charts of this package draw it.
    title : str
        Written above the drawing, on two lines at most; a page has its own heading, a
        file has none.

    Returns
    -------
    str
        An SVG document with its style inside; still no script.
    """
    head, _, body = svg.partition(">")
    width, height = (
        float(x) for x in re.findall(r' (?:width|height)="([\d.]+)"', head)
    )
    lines = textwrap.wrap(
        title, int((width - 28) / _BOLD), max_lines=2, placeholder=" …"
    )
    above = 18 * len(lines) + (8 if lines else 0)
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
    drawn = f"{head}>{body[:at]}{written}{body[at:]}\n"
    sheet = (files("rounds.reports") / "style.css").read_text("utf-8")
    return standing_alone(drawn, sheet)
