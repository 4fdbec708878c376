"""A checklist as one self-contained page."""

from itertools import groupby
from typing import Final

from rounds import __version__
from rounds.reports.checklists.checklist import STANDARDS, Checklist
from rounds.reports.checklists.layers import LAYERS
from rounds.reports.templating import drawn, style_sheet, templates

__all__ = ["checklist_html", "counts"]

_NAMES: Final = {layer: name for layer, (name, _) in LAYERS.items()}
_SIGNS: Final = {
    "reported": ("pass", "✓"),
    "by hand": ("pass", "✓"),
    "partly": ("not_evaluated", "◐"),
    "not reported": ("fail", "✗"),
    "not yet": ("not_evaluated", "…"),
    "not applicable": ("", "–"),
}


def checklist_html(found: Checklist) -> str:
    """Give a checklist as HTML that needs no network and no script.

    Parameters
    ----------
    found : Checklist

    Returns
    -------
    str
    """
    asking = {line.layer for line in found.lines}
    layers = [layer for layer in LAYERS if layer in asking]
    *several, last = [_NAMES[layer] for layer in layers] or [""]
    named = f"{', '.join(several)} and {last}" if several else last
    own = STANDARDS[found.standard][1]
    return (
        templates()
        .get_template("checklist.html")
        .render(
            found=found,
            layers=named and f"its extensions for {named}",
            layer_names=_NAMES,
            counts=counts(found),
            sections=[
                (section, list(lines))
                for section, lines in groupby(found.lines, lambda line: line.section)
            ],
            signs=_SIGNS,
            sources=list(
                dict.fromkeys([*own, *(it for one in layers for it in LAYERS[one][1])])
            ),
            code_version=__version__,
            css=drawn(style_sheet(embedded=True)),
        )
    )


def counts(found: Checklist) -> str:
    """Say how many items are reported, in part, or wait for a person or a step."""
    said = [
        f"{found.count(status)} {status}" for status in _SIGNS if found.count(status)
    ]
    return f"{len(found.lines)} items: {', '.join(said)}."
