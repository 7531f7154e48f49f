"""What would change: the difference between the inputs that a resource was made with and new ones."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.providers import paths, protocol
from sandbox.providers.paths import Path
from sandbox.providers.protocol import Difference
from sandbox.providers.wire import Properties, Unknown, Value

from .replaces import Rules


@dataclass(frozen=True)
class _Change:
    path: Path
    kind: int
    old: Value
    new: Value


def compare(old: Properties, new: Properties, rules: Rules) -> Difference:
    """The detailed difference. What isn't known yet may be anything, so it counts as changed."""
    result = Difference()
    for change in _walk((), old, new):
        if rules.keeps(change.path, change.kind):
            continue
        text = paths.write(change.path)
        replaces = rules.replaces(change.path, change.kind, change.old, change.new)
        # Each kind is followed by the one that also replaces.
        result.detail[text] = change.kind + 1 if replaces else change.kind
        result.in_inputs.add(text)
        if replaces:
            result.replaces.append(text)
    return result


def _walk(path: Path, old: Value, new: Value) -> Iterator[_Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if not key.startswith("__"):
                yield from _walk((*path, key), old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _walk(
                (*path, index),
                old[index] if index < len(old) else None,
                new[index] if index < len(new) else None,
            )
    elif isinstance(new, Unknown) or isinstance(old, bool) != isinstance(new, bool) or old != new:
        kind = protocol.ADD if old is None else protocol.DELETE if new is None else protocol.UPDATE
        yield _Change(path, kind, old, new)
