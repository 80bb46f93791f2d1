"""Page — what every report shares: templates, formats of numbers, plotly inside, safe scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botmm.report import formats
from botmm.report.charts import Chart


def render(template: str, charts: Mapping[str, Chart], **told: Any) -> str:
    """Return the HTML of one self-contained page, the same for the same arguments.

    Args:
        template: a file of the folder `templates`.
        charts: plotly trees by the id of their place.
        told: what the template asks for.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    environment = Environment(
        loader=PackageLoader("botmm.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "usd": formats.usd,
        "whole_usd": lambda value: formats.usd(value, whole=True),
        "signed_usd": lambda value: formats.usd(value, signed=True),
        "bps": formats.bps,
        "percent": formats.percent,
        "count": formats.count,
        "ratio": formats.ratio,
        # A line must not end between the sign and the dollars.
        "unbroken": lambda text: text.replace("−$", "−\u2060$"),
    }
    page = environment.get_template(template)
    return page.render(charts=script_safe(charts), plotly=get_plotlyjs(), **told)


def card(name: str, value: str, note: str, sign: float = 0.0) -> dict[str, str]:
    """Return a figure of the top of a page: name, value, note, and its colour by a sign."""
    tone = "good" if sign > 0 else "bad" if sign < 0 else ""
    return {"name": name, "value": value, "note": note, "tone": tone}


def script_safe(value: Any) -> str:
    """Return JSON that may stand inside a script element."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("</", "<\\/")
