"""How wide text is, and where it breaks, without a browser.

A viewer's font isn't known: widths are nearly those of DejaVu Sans, the widest of the usual ones, so what
fits here fits everywhere.
"""

from collections.abc import Iterable

DOT = "·"
"""Between the parts of a line."""
_NARROW, _WIDE = frozenset("iIjlf.,:;'|!()[]/ rt-"), frozenset("mwMWQO@%")


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Pixels that a text takes at a font size, rather too many than too few."""
    ems = sum(
        0.38
        if char in _NARROW
        else 0.9
        if char in _WIDE
        else 0.68
        if char.isupper()
        else 0.59
        if char.isdigit()
        else 0.575
        for char in text
    )
    return ems * size * (1.09 if bold else 1.0)


def wrap(text: str, size: float, room: float, *, bold: bool = False) -> list[str]:
    """A text in lines that fit: broken between its parts, else between words, else after a separator."""
    lines: list[str] = []
    for part in text.split(f" {DOT} "):
        whole = f"{lines[-1]} {DOT} {part}" if lines else part
        if width(whole, size, bold=bold) <= room:
            lines[-1:] = [whole]
            continue
        # The dot stands between two parts, so none is needed where the line ends.
        lines += _words(part, size, room, bold=bold)
    return lines


def _words(text: str, size: float, room: float, *, bold: bool) -> list[str]:
    """A text in lines that fit, broken between words."""
    lines: list[str] = []
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width(joined, size, bold=bold) <= room:
            lines[-1] = joined
        else:
            lines += _cut(word, size, room, bold=bold)
    return lines


def _cut(word: str, size: float, room: float, *, bold: bool) -> list[str]:
    """A word in pieces that fit."""
    pieces = []
    while width(word, size, bold=bold) > room:
        end = next(n for n in range(len(word), 0, -1) if n == 1 or width(word[:n], size, bold=bold) <= room)
        soft = max((word.rfind(mark, 1, end) + 1 for mark in "/:-.@"), default=0)
        end = soft if soft > end // 3 else end
        pieces.append(word[:end])
        word = word[end:]
    return [*pieces, word]


def joined(parts: Iterable[str], mark: str = f" {DOT} ") -> str:
    """The parts that say something, in one line."""
    return mark.join(part for part in parts if part)


def counted(number: int, noun: str) -> str:
    """`3 Secrets`, `1 Secret`, `2 policies`."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{number} {noun[:-1]}ies"
    return f"{number} {noun}{'es' if noun.endswith('s') else 's'}"
