"""What an update would change, property by property, from the engine's preview events. All pure."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pulumi.automation.events import EngineEvent, StepEventMetadata, StepEventStateMetadata

from ops.progress import short

SECRET = "[secret]"  # noqa: S105 the mask, not a secret
LATER = "(known after up)"
MARK = "4dabf18193072939515e22adb298388d"
"""The key by which the engine marks a value as something special, such as a secret."""

UNKNOWN = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    }
)
"""How the engine writes a value that only the update will tell."""

SYMBOLS = {"delete": "-", "replace": "±", "update": "~", "create": "+", "import": "="}
"""In the order in which they are shown: what may lose something first."""

WORDS = {
    "delete": "delete",
    "replace": "replace",
    "update": "update",
    "create": "create",
    "import": "take over",
}

HOLDS_DATA = {
    "PersistentVolumeClaim": "the files on the volume",
    "PersistentVolume": "the files on the volume",
    "StatefulSet": "what it keeps on its volumes",
    "Namespace": "everything in the namespace, its volumes included",
    "DatabaseInstance": "every database on the server, and its automatic backups",
    "Database": "every table in the database",
    "Bucket": "every object in the bucket",
    "Instance": "the files on it",
    "Cluster": "everything that runs on the cluster, its volumes included",
    "BackupVault": "the backups in it",
    "BackupPlan": "the backups that it made",
    "CryptoKey": "whatever is encrypted with the key",
}
"""Kinds whose deletion loses what people put there, on Kubernetes and on Google Cloud, and what that is."""

LENGTH = 60
LINES = 8


@dataclass(frozen=True)
class Property:
    """One changed property."""

    path: str
    old: object
    """None where it wasn't there."""
    new: object
    replaces: bool = False
    """Whether this is why the resource can't be updated in place."""


@dataclass(frozen=True)
class Change:
    """One resource that would change."""

    operation: str
    name: str
    """Kind and resource name."""
    kind: str
    urn: str = ""
    called: str = ""
    """Its name in the cluster, with the namespace."""
    properties: tuple[Property, ...] = ()

    @property
    def loses_data(self) -> bool:
        """Whether what people stored goes with it."""
        return self.operation in {"delete", "replace"} and self.kind in HOLDS_DATA


@dataclass(frozen=True)
class Diff:
    """All changes of a preview."""

    changes: tuple[Change, ...]
    unchanged: int


def collect(events: Iterable[EngineEvent]) -> Diff:
    """The changes that a preview announced, those that may lose something first."""
    return of_steps(event.resource_pre_event.metadata for event in events if event.resource_pre_event)


def of_steps(announced: Iterable[StepEventMetadata]) -> Diff:
    """The changes in the steps of a preview, those that may lose something first."""
    steps: dict[str, StepEventMetadata] = {}
    unchanged = 0
    for step in announced:
        operation = step.op.value
        if step.type.startswith("pulumi:") or not _custom(step):
            continue
        if operation == "same":
            unchanged += 1
        elif operation in SYMBOLS:
            steps[step.urn] = step
    changes = [change(step) for step in steps.values()]
    order = list(SYMBOLS)
    return Diff(tuple(sorted(changes, key=lambda one: (order.index(one.operation), one.name))), unchanged)


def _custom(step: StepEventMetadata) -> bool:
    """Whether a provider manages it; components are only groups."""
    state = step.new or step.old
    return bool(state and state.custom)


def change(step: StepEventMetadata) -> Change:
    """One resource's change."""
    old, new = step.old, step.new
    kind = step.type.split(":")[-1].split("/")[-1]
    operation = step.op.value
    properties = tuple(_properties(step, kind)) if operation in {"update", "replace"} else ()
    return Change(operation, short(step.urn), kind, step.urn, _called(new or old), properties)


def _called(state: StepEventStateMetadata | None) -> str:
    metadata = (state.inputs or {}).get("metadata") if state else None
    if not isinstance(metadata, Mapping):
        return ""
    parts = [metadata.get("namespace"), metadata.get("name")]
    return "/".join(part for part in parts if isinstance(part, str) and part not in UNKNOWN)


def _properties(step: StepEventMetadata, kind: str) -> Iterator[Property]:
    old = (step.old.inputs if step.old else None) or {}
    new = (step.new.inputs if step.new else None) or {}
    detailed = step.detailed_diff or {}
    why = {path for path, one in detailed.items() if one.diff_kind.value.endswith("replace")}
    why |= set(step.keys or ())
    found = list(leaves("", old, new))
    if not found:  # somebody changed it in the cluster: the program says what it said before
        state = (step.old.outputs if step.old else None) or {}
        found = [
            leaf
            for path in detailed
            for leaf in [(path, at(state, path), at(new, path))]
            if (leaf[1] is not None or leaf[2] is not None) and not masked(leaf[2])
        ]
    known = {path for path, _, _ in found}
    # A changed secret looks the same before and after: both are masked.
    found += [
        (path, SECRET, SECRET)
        for path in detailed
        if masked(at(new, path)) and not any(_within(one, path) or _within(path, one) for one in known)
    ]
    for path, before, after in sorted(found, key=lambda leaf: leaf[0]):
        secret = kind == "Secret" and path.split(".")[0] in {"data", "stringData"}
        yield Property(
            path,
            SECRET if secret and before is not None else before,
            SECRET if secret and after is not None else after,
            any(_within(path, one) or _within(one, path) for one in why),
        )


def _within(path: str, other: str) -> bool:
    """Whether `path` is `other` or lies below it, however each quotes keys that hold dots."""
    path, other = (each.replace('["', ".").replace('"]', "").removeprefix(".") for each in (path, other))
    return path == other or path.startswith((f"{other}.", f"{other}["))


def leaves(path: str, old: object, new: object) -> Iterator[tuple[str, object, object]]:
    """Path, old and new value of every difference, as deep as both sides have the same shape."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping) and not (masked(old) or masked(new)):
        for key in sorted({*old, *new}):
            yield from leaves(_joined(path, str(key)), old.get(key), new.get(key))
    elif (before := _by_name(old)) is not None and (after := _by_name(new)) is not None:
        for key in dict.fromkeys([*before, *after]):
            yield from leaves(f"{path}[{key}]", before.get(key), after.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from leaves(f"{path}[{index}]", left, right)
    else:
        yield path, old, new


def _by_name(value: object) -> dict[str, object] | None:
    """A list of named things by their names, so that one more of them isn't a change of all."""
    if not isinstance(value, list):
        return None
    names = [item.get("name") for item in value if isinstance(item, Mapping)]
    usable = len(names) == len(value) == len(set(names)) and all(isinstance(name, str) for name in names)
    return dict(zip(map(str, names), value, strict=True)) if usable else None


def _joined(path: str, key: str) -> str:
    shown = key if key.replace("_", "").replace("-", "").isalnum() else f'["{key}"]'
    return shown if not path else f"{path}{shown}" if shown.startswith("[") else f"{path}.{shown}"


def at(value: object, path: str) -> object:
    """What stands at an engine's property path (`a.b[0]["c.d"]`); None where nothing does.

    Below a secret, that is the secret. Providers also write keys that hold dots without quotes, so the
    longest key that fits is taken.
    """
    if not path or masked(value):
        return value
    if isinstance(value, Mapping):
        for key in sorted(value, key=len, reverse=True):
            for prefix in (key, f'["{key}"]', f".{key}", f'.["{key}"]'):
                if path == prefix or path.startswith((f"{prefix}.", f"{prefix}[")):
                    return at(value[key], path.removeprefix(prefix).removeprefix("."))
        return None
    if isinstance(value, list) and path.startswith("[") and "]" in path:
        index, _, rest = path[1:].partition("]")
        if index.isdecimal() and int(index) < len(value):
            return at(value[int(index)], rest.removeprefix("."))
    return None


def masked(value: object) -> bool:
    """Whether the engine hid this value."""
    return value == SECRET or (isinstance(value, Mapping) and MARK in value)


def shown(value: object) -> str:
    """A value on one short line, secrets hidden."""
    if value is None:
        return "(none)"
    if masked(value):
        return SECRET
    if isinstance(value, str):
        text = LATER if value in UNKNOWN else " ".join(value.split()) or '""'
    elif isinstance(value, Mapping):
        text = "{" + ", ".join(f"{key}: {shown(one)}" for key, one in value.items()) + "}"
    elif isinstance(value, Sequence):
        text = "[" + ", ".join(shown(one) for one in value) + "]"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 1]}…"


def lines(diff: Diff, *, properties: bool) -> list[str]:
    """The diff as text, with every property or only with the names of the changed ones."""
    result: list[str] = []
    for one in diff.changes:
        called = (
            f" ({one.called})" if one.called and one.called.split("/")[-1] != one.name.split("/")[-1] else ""
        )
        mark = f"  {WORDS[one.operation].upper()}" if one.operation in {"delete", "replace"} else ""
        paths = "" if properties else _names(one)
        result.append(f"{SYMBOLS[one.operation]} {one.name}{called}{mark}{paths}")
        if one.loses_data:
            result.append(f"    warning: {one.kind} holds data, which would be lost with it")
        if properties:
            for each in one.properties:
                result += _block(each)
    return [*result, *([""] if result else []), totals(diff)]


def _names(one: Change) -> str:
    first = dict.fromkeys(each.path for each in one.properties)
    names = ", ".join(list(first)[:3]) + (f" and {len(first) - 3} more" if len(first) > 3 else "")
    return f"  [{names}]" if names else ""


def _block(each: Property) -> list[str]:
    why = "  (forces the replacement)" if each.replaces else ""
    old, new = each.old, each.new
    if isinstance(old, str) and isinstance(new, str) and ("\n" in old.strip() or "\n" in new.strip()):
        changed = [
            line.rstrip("\n")
            for line in difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
            if line[:1] in "+-" and line[:3] not in {"+++", "---"}
        ]
        more = [f"      and {len(changed) - LINES} more lines"] if len(changed) > LINES else []
        cut = [line if len(line) <= 2 * LENGTH else f"{line[: 2 * LENGTH]}…" for line in changed[:LINES]]
        return [f"    {each.path}:{why}", *(f"      {line}" for line in cut), *more]
    return [f"    {each.path}: {shown(old)} → {shown(new)}{why}"]


def totals(diff: Diff) -> str:
    """`1 to delete, 2 to update, 40 unchanged`."""
    counts = {operation: sum(one.operation == operation for one in diff.changes) for operation in SYMBOLS}
    parts = [f"{count} to {WORDS[operation]}" for operation, count in counts.items() if count]
    return ", ".join([*(parts or ["No changes"]), f"{diff.unchanged} unchanged"])
