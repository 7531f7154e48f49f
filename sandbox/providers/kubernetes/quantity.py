"""Quantities ("500m", "1Gi") in the one spelling that the API server stores."""

import re
from fractions import Fraction

_SHAPE = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUFFIX = {power: suffix for suffix, power in _DECIMAL.items()}


def canonical(quantity: str | int | float) -> str | None:
    """The canonical spelling: no fraction, the largest suffix that allows it. None if it is no quantity."""
    found = _SHAPE.fullmatch(str(quantity).strip())
    if found is None:
        return None
    sign, digits, suffix = found.group(1), found.group(2), found.group(3) or ""
    number = Fraction(digits)
    if number == 0:
        return "0"
    minus = "-" if sign == "-" else ""
    if suffix in _BINARY[1:]:
        value = number * 1024 ** _BINARY.index(suffix)
        # Less than a unit can't be said in binary.
        if value.denominator == 1 and value >= 1024:
            return minus + _binary(value)
        if value.denominator == 1:
            return f"{minus}{value.numerator}"
        return minus + _decimal(value, exponent=False)
    exponent = suffix[:1] in ("e", "E") and len(suffix) > 1
    power = int(suffix[1:]) if exponent else _DECIMAL[suffix]
    return minus + _decimal(number * Fraction(10) ** power, exponent)


def _binary(value: Fraction) -> str:
    whole, index = value.numerator, 0
    while whole % 1024 == 0 and index + 1 < len(_BINARY):
        whole //= 1024
        index += 1
    return f"{whole}{_BINARY[index]}"


def _decimal(value: Fraction, exponent: bool) -> str:
    # Nothing smaller than a billionth is kept; it is rounded up.
    nano = value * 10**9
    scaled, power = -(-nano.numerator // nano.denominator), -9
    while scaled % 1000 == 0 and power < 18:
        scaled //= 1000
        power += 3
    if not exponent:
        return f"{scaled}{_SUFFIX[power]}"
    return f"{scaled}e{power}" if power else str(scaled)
