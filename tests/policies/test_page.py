"""docs/policies.md is written from the rules."""

from pathlib import Path

from policies.page import FILE, page

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_rules_is_current() -> None:
    """`python -m policies.page` was run after the last change."""
    assert (ROOT / FILE).read_text(encoding="utf-8") == page()
