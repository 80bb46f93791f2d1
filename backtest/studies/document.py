"""Document — tables that a study writes into its page, between two marks."""

from __future__ import annotations

from pathlib import Path


def put(page: Path, mark: str, text: str) -> None:
    """Replace what stands between `<!-- mark -->` and `<!-- end -->` of a page.

    Raises:
        ValueError: the page has no such mark.
    """
    before, found, rest = page.read_text(encoding="utf-8").partition(f"<!-- {mark} -->\n")
    _, ended, after = rest.partition("<!-- end -->")
    if not found or not ended:
        raise ValueError(f"{page}: no <!-- {mark} --> with its <!-- end -->")
    page.write_text(f"{before}{found}{text}\n{ended}{after}", encoding="utf-8")
