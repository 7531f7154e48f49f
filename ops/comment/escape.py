"""Text of others in Markdown: shown as it is, never obeyed."""

import re
import unicodedata

from components.text import shorten

LONGEST = 300
"""Characters on one line."""

_RUN = re.compile(r"`+")
_WORDS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ().,;'/-]*")
"""What no reading of Markdown, by GitHub either, makes more of than words."""


def visible(text: str) -> str:
    """`text` without characters that show nothing or turn the line around: what one reads is what is there."""
    return "".join(
        char
        if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Zl", "Zp", "Co", "Cs"}
        else "\ufffd"
        for char in text
    )


def code(text: str) -> str:
    """A code span: no markup, mention, link or HTML in it means anything."""
    line = shorten(visible(text), LONGEST) or " "
    fence = "`" * (1 + _longest(line))
    padded = f" {line} " if line.startswith("`") or line.endswith("`") else line
    return f"{fence}{padded}{fence}"


def word(text: str) -> str:
    """Plain words as they are, anything that could be more as a code span."""
    return text if _WORDS.fullmatch(text) and "www." not in text.lower() else code(text)


def cell(text: str) -> str:
    """A code span in a table, where a bar would end the cell."""
    return code(text).replace("|", "\\|")


def block(lines: list[str], language: str = "", indent: str = "") -> list[str]:
    """A fenced block, with a fence longer than any in it."""
    text = [visible(line).replace("\n", " ")[:LONGEST] for line in lines]
    fence = "`" * max(3, 1 + max((_longest(line) for line in text), default=0))
    return [f"{indent}{fence}{language}", *(f"{indent}{line}" for line in text), f"{indent}{fence}"]


def _longest(text: str) -> int:
    """The longest run of backticks."""
    return max((len(run) for run in _RUN.findall(text)), default=0)
