"""Property paths: `spec.ports[0].name`, `metadata.annotations["a.b/c"]`, `spec.*`."""

import re

Path = tuple[str | int, ...]
_STEP = re.compile(r'\.?([^.\[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\[(\*)\]')
_SPECIAL = re.compile(r'[."\[\]]')


def write(path: Path) -> str:
    """The text of a path."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _SPECIAL.search(step):
            quoted = step.replace('"', '\\"')
            text += f'["{quoted}"]'
        else:
            text += f".{step}" if text else step
    return text


def parse(text: str) -> Path:
    """The path that a text stands for. Raises ValueError if it stands for none."""
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            raise ValueError(f"not a property path: {text!r}")
        plain, index, quoted, star = found.groups()
        if index is not None:
            steps.append(int(index))
        elif quoted is not None:
            steps.append(quoted.replace('\\"', '"'))
        else:
            steps.append(plain or star)
        position = found.end()
    return tuple(steps)


def covers(outer: Path, inner: Path) -> bool:
    """Whether the inner path is the outer one or lies below it; `*` is any step."""
    return len(outer) <= len(inner) and all(
        mine in ("*", theirs) for mine, theirs in zip(outer, inner, strict=False)
    )
