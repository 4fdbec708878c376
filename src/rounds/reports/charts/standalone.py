"""One chart as a file of its own: the drawing, and the part of the style it needs.

The style is that of the report, cut out of `style.css`: light and dark by the reader's
setting, light on paper, and the system's own colours where the reader has forced them.
"""

import re
import textwrap
from functools import cache
from html import escape
from importlib.resources import files

__all__ = ["standalone"]

_BOLD = 8.0
"""Width of a bold letter of 12 px, in the widest of the usual typefaces."""
_FORCED = """
@media (forced-colors: active) {
  :root { --bg: Canvas; --surface: Canvas; --ink: CanvasText; --muted: CanvasText;
    --line: GrayText; --strong: CanvasText; --brand: LinkText; --on-brand: Canvas;
    --improvement: LinkText; --concern: VisitedText; --event: CanvasText;
    --common: CanvasText; --wash: Canvas; --band-998: Canvas; --band-95: Canvas; }
}
"""


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
    head = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    paper = f'<rect class="paper" y="{-above}" width="100%" height="100%"/>'
    written = "".join(
        f'<text class="strong" x="14" y="{18 * (i + 1) - above}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    # After the name and the description, which stand first.
    at = body.index("</desc>") + len("</desc>")
    style = f"<style>{_style()}</style>"
    return f"{head}>{style}{body[:at]}{paper}{written}{body[at:]}\n"


@cache
def _style() -> str:
    sheet = (files("rounds.reports") / "style.css").read_text("utf-8")
    tokens = sheet[sheet.index(":root {") : sheet.index("* { box-sizing")]
    plot = sheet[sheet.index(".plot text {") : sheet.index(".legend {")]
    paper = re.search(r"@media print \{\s*(:root \{[^}]*\})", sheet)
    assert paper is not None, "style.css says how paper looks"
    printed = f"@media print {{ {paper[1]} }}\n"
    own = ".paper { fill: var(--surface); }\n"
    return "\n" + tokens + plot + own + _FORCED + printed
