"""What would change: the difference between the live object, as far as the inputs speak of it, and new inputs.

Kinds and paths come out as the official provider gives them: it takes the JSON merge patch from one to
the other and walks through it.
"""

from typing import Final

from sandbox.providers import paths, protocol
from sandbox.providers.protocol import Difference
from sandbox.providers.wire import Properties, Unknown, Value

from . import kinds


class _Missing:
    """The type of `_MISSING`: no value, not even null."""


_MISSING: Final = _Missing()
_Maybe = Value | _Missing


def compare(live: Properties, new: Properties, forced: tuple[kinds.Path, ...]) -> Difference:
    """The detailed difference; `forced` are the paths whose change replaces the object."""
    walk = _Walk(forced)
    walk.map((), _merge_patch(live, new), live, new, in_list=False)
    result = Difference(detail=walk.detail, in_inputs=walk.in_inputs)
    settle(result)
    return result


def settle(difference: Difference) -> None:
    """Derive which paths replace the object from the detail."""
    replacing = (protocol.ADD_REPLACE, protocol.DELETE_REPLACE, protocol.UPDATE_REPLACE)
    difference.replaces = [
        path
        for path, kind in difference.detail.items()
        if kind in replacing or (kind == protocol.DELETE and path == "metadata")
    ]


def ignore(difference: Difference, ignored: list[str]) -> None:
    """Take out what the program asks to ignore."""
    outer = [paths.parse(text) for text in ignored]
    difference.detail = {
        path: kind
        for path, kind in difference.detail.items()
        if not any(paths.covers(cover, paths.parse(path)) for cover in outer)
    }
    settle(difference)


def _same(one: _Maybe, other: _Maybe) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def _merge_patch(old: Properties, new: Properties) -> Properties:
    """The JSON merge patch from old to new; what isn't known yet is null in it."""
    patch: Properties = {}
    for key, value in new.items():
        before = old.get(key, _MISSING)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := _merge_patch(before, value):
                patch[key] = inner
        elif isinstance(value, Unknown) or not _same(value, before):
            patch[key] = _nulled(value)
    return patch | {key: None for key in old if key not in new}


def _nulled(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _nulled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_nulled(item) for item in value]
    return None if isinstance(value, Unknown) else value


class _Walk:
    """Goes through a patch and notes each change that stems from the inputs."""

    def __init__(self, forced: tuple[kinds.Path, ...]) -> None:
        self._forced = forced
        self.detail: dict[str, int] = {}
        self.in_inputs: set[str] = set()

    def value(self, path: paths.Path, patch: Value, old: _Maybe, new: _Maybe, in_list: bool) -> None:
        if isinstance(new, _Missing) and (patch is not None or isinstance(old, _Missing)):
            return
        if patch is None:
            if isinstance(new, Unknown):
                kind = protocol.ADD if isinstance(old, _Missing) else protocol.UPDATE
            elif new is None and (old is None or isinstance(old, _Missing)):
                return
            else:
                kind = protocol.DELETE
        elif isinstance(old, _Missing):
            kind = protocol.ADD
        elif isinstance(patch, dict) and isinstance(old, dict):
            self.map(path, patch, old, new if isinstance(new, dict) else {}, in_list)
            return
        elif isinstance(patch, list) and isinstance(old, list):
            self.list(path, patch, old, new if isinstance(new, list) else [])
            return
        elif _same(patch, old):
            return
        else:
            kind = protocol.UPDATE
        text = paths.write(path)
        if kind == protocol.DELETE:
            self.in_inputs.add(text)
        # Each kind is followed by the one that also replaces.
        self.detail[text] = kind + 1 if self._replaces(path, patch) else kind

    def map(
        self, path: paths.Path, patch: Properties, old: Properties, new: Properties, in_list: bool
    ) -> None:
        for key, value in patch.items():
            self.value((*path, key), value, old.get(key, _MISSING), new.get(key, _MISSING), in_list)
        if in_list:  # There the patch is the whole new element, and says nothing of what is gone.
            for key, value in old.items():
                if key not in patch:
                    self.value((*path, key), None, value, new.get(key, _MISSING), in_list)

    def list(self, path: paths.Path, patch: list[Value], old: list[Value], new: list[Value]) -> None:
        for index in range(max(len(patch), len(old))):
            self.value(
                (*path, index),
                patch[index] if index < len(patch) else None,
                old[index] if index < len(old) else _MISSING,
                new[index] if index < len(new) else None,
                in_list=True,
            )

    def _replaces(self, path: paths.Path, value: Value) -> bool:
        return any(_touches(forced, path, value) for forced in self._forced)


def _touches(forced: kinds.Path, path: paths.Path, value: Value) -> bool:
    """Whether a change of `value` at `path` changes something at the forced path."""
    common = min(len(forced), len(path))
    for wanted, step in zip(forced[:common], path[:common], strict=True):
        if wanted != step and not (wanted == "*" and isinstance(step, int)):
            return False
    return _contains(value, forced[common:])


def _contains(value: Value, path: kinds.Path) -> bool:
    if not path:
        return True
    if path[0] == "*" and isinstance(value, list):
        return any(_contains(item, path[1:]) for item in value)
    return isinstance(value, dict) and path[0] in value and _contains(value[path[0]], path[1:])
