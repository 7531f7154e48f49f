"""From the engine's preview JSON to a report: who changes, where it belongs, what is at stake. All pure."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pulumi.automation.events import StepEventMetadata

from ops import diff
from ops.comment.evaluation import Evaluation
from ops.comment.redaction import redacted, redacted_line, telling
from ops.comment.report import LOSING, Changed, Item, Operation, Policy, Report
from ops.progress import plain

OUR = "kotaemon:index:"
_SPELT = {"Sql": "SQL", "Gke": "GKE", "Kms": "KMS", "Cloud": "Cloud", "Manager": "Manager"}
_CONTAINER = re.compile(r"((?:init)?[cC]ontainers\[[^\]]+\])\.(.+)", re.DOTALL)
_NAMES = frozenset({"name", "metadata.name"})
_VARIABLE = re.compile(r"ontainers\[[^\]]+\]\.env\[[^\]]+\]\.value$")
LINES = 12
WIDTH = 160

STAKES = diff.HOLDS_DATA | {
    "RandomPassword": "the password, with which somebody may still log in",
    "RandomBytes": "the key, with which something may be encrypted",
}


def collect(
    stack: str, against: str, evaluation: Evaluation, policies: tuple[Policy, ...] | None = None
) -> Report:
    """The report of one stack."""
    digest = evaluation.digest or {}
    steps = [step for step in _list(digest.get("steps")) if isinstance(step, Mapping)]
    found = diff.of_steps(_metadata(step) for step in steps)
    before = {str(step["urn"]): _state(step, "oldState") for step in steps if step.get("oldState")}
    changes = [one for one in found.changes if not (one.properties and all(map(_same, one.properties)))]
    unchanged = evaluation.unchanged
    if unchanged is None:
        summary = digest.get("changeSummary")
        same = summary.get("same") if isinstance(summary, Mapping) else None
        unchanged = same if isinstance(same, int) else None
    errors = list(dict.fromkeys([*evaluation.errors, *_errors(digest)]))
    if not errors and not isinstance(digest.get("steps"), list):
        errors = ["The engine gave no preview."]
    return Report(
        stack=stack,
        against=against,
        items=tuple(_item(change, before.get(change.urn, {})) for change in changes),
        unchanged=None if unchanged is None else unchanged + len(found.changes) - len(changes),
        policies=policies,
        errors=tuple(_said(error) for error in errors),
        warnings=tuple(_said(warning) for warning in evaluation.warnings),
    )


def _metadata(step: Mapping[str, object]) -> StepEventMetadata:
    """A step of the JSON in the form of the engine's events, which the diff reads."""
    old, new = _state(step, "oldState"), _state(step, "newState")
    detailed = step.get("detailedDiff")
    return StepEventMetadata.from_json(
        {
            "op": step.get("op"),
            "urn": step.get("urn"),
            "type": (new or old).get("type", ""),
            "old": old,
            "new": new,
            "keys": step.get("replaceReasons"),
            "diffs": step.get("diffReasons"),
            "detailedDiff": {
                path: {"diffKind": one["kind"], "inputDiff": one.get("inputDiff", False)}
                for path, one in (detailed.items() if isinstance(detailed, Mapping) else ())
            },
        }
    )


def _state(step: Mapping[str, object], which: str) -> dict[str, object]:
    state = step.get(which)
    return dict(state) if isinstance(state, Mapping) else {}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _errors(digest: Mapping[str, object]) -> Iterable[str]:
    """The errors among the diagnostics of a preview."""
    for one in _list(digest.get("diagnostics")):
        if isinstance(one, Mapping) and one.get("severity") == "error":
            yield plain(str(one.get("message", ""))).removeprefix("error:").strip()


def _said(message: str) -> str:
    return "\n".join(redacted_line(line) for line in message.splitlines())


def _item(change: diff.Change, before: Mapping[str, object]) -> Item:
    name = change.name.partition("/")[2]
    called = change.called if change.called.split("/")[-1] != name else ""
    if change.operation == "replace":
        called = ""  # another generated name, which nobody chose
    properties = [one for one in change.properties if one.replaces or not _bookkeeping(one, change.operation)]
    operation = Operation(change.operation)
    forgotten = bool(before.get("retainOnDelete")) and operation is Operation.DELETE
    return Item(
        operation=operation,
        kind=kind(change.urn),
        name=name,
        component=component(change.urn),
        called=called,
        stake=_stake(change.kind, before) if operation in LOSING and not forgotten else "",
        kept=forgotten,
        changed=merged(_changed(one) for one in properties),
    )


def _stake(kind: str, before: Mapping[str, object]) -> str:
    """What is lost with a resource, as it was."""
    spec = diff.at(before.get("inputs"), "spec.persistentVolumeClaimRetentionPolicy.whenDeleted")
    if kind == "StatefulSet" and spec != "Delete":
        return "the server; its volumes stay behind, unused"
    return STAKES.get(kind, "")


def _same(one: diff.Property) -> bool:
    """Whether both sides mean the same: an API server drops the "" of a variable, which isn't drift."""
    return bool(_VARIABLE.search(one.path)) and all(value in (None, "") for value in (one.old, one.new))


def _bookkeeping(one: diff.Property, operation: str) -> bool:
    """Whether a property only says that Pulumi chooses, or chose, the name; or nothing at all."""
    if _same(one):
        return True
    if one.path == "metadata.annotations":
        return isinstance(one.old, Mapping) and set(one.old) == {"pulumi.com/autonamed"} and one.new is None
    return one.path in _NAMES and (operation == "replace" or one.new is None)


def kind(urn: str) -> str:
    """A resource's kind in words: `StatefulSet`, `sql DatabaseInstance`."""
    package, _, rest = urn.split("::")[2].split("$")[-1].partition(":")
    module, _, name = rest.rpartition(":")
    module = module.split("/")[0]
    return name if package in {"kubernetes", "random"} or module == "index" else f"{module} {name}"


def component(urn: str) -> str:
    """The part of the platform that a resource belongs to: `Qdrant`, `Network flows`."""
    chain = [part.removeprefix(OUR) for part in urn.split("::")[2].split("$")[:-1] if part.startswith(OUR)]
    inner = chain[1:] if chain[:1] == ["Platform"] else chain
    first, *others = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", inner[0] if inner else "Platform").split()
    return " ".join([_SPELT.get(first, first), *(_SPELT.get(word, word.lower()) for word in others)])


def readable(path: str) -> str:
    """A property's path without what is the same for every pod: `containers[app].env[KH_X]`."""
    path = path.removeprefix("spec.template.spec.")
    for unknown in diff.UNKNOWN:
        path = path.replace(unknown, "?")
    return re.sub(r"(\benv\[[^\]]+\])\.value$", r"\1", path)


def _changed(one: diff.Property) -> Changed:
    old, new = one.old, one.new
    several = isinstance(old, str) and isinstance(new, str) and ("\n" in old.strip() or "\n" in new.strip())
    if isinstance(old, str) and isinstance(new, str) and several and not telling(one.path):
        return Changed(path=readable(one.path), lines=_lines(old, new), replaces=one.replaces)
    old, new = simple(redacted(old, one.path)), simple(redacted(new, one.path))
    return Changed(
        path=readable(one.path),
        old=None if old is None else diff.shown(old),
        new=None if new is None else diff.shown(new),
        replaces=one.replaces,
    )


def merged(changes: Iterable[Changed]) -> tuple[Changed, ...]:
    """The changes, with one line for what changes alike in several containers."""
    found: dict[Changed, list[str]] = {}
    for one in changes:
        container, rest = _split(one.path)
        found.setdefault(replace(one, path=rest), []).append(container)
    return tuple(
        replace(one, path=f"{containers[0]}.{one.path}" if containers[0] else one.path)
        if len(containers) == 1
        else replace(one, path=f"{one.path} of {', '.join(map(_name, containers))}")
        for one, containers in found.items()
    )


def _split(path: str) -> tuple[str, str]:
    """`containers[app]` and the rest of a path that leads into a container."""
    inside = _CONTAINER.match(path)
    return (inside[1], inside[2]) if inside else ("", path)


def _name(container: str) -> str:
    return container.partition("[")[2].rstrip("]")


def simple(value: object) -> object:
    """What an environment variable is set to, where `value` is a whole variable; else the value itself."""
    if not isinstance(value, Mapping) or not {"name"} < set(value) <= {"name", "value", "valueFrom"}:
        return value
    source = value.get("valueFrom")
    if not isinstance(source, Mapping):
        return value.get("value")
    for kind, reference in source.items():
        if isinstance(reference, Mapping) and {"name", "key"} <= set(reference):
            return f"{reference['key']} of {str(kind).removesuffix('KeyRef')} {diff.shown(reference['name'])}"
    return source


def _lines(old: str, new: str) -> tuple[str, ...]:
    """The changed lines of a text, so many that one sees what it is about."""
    changed = [
        line.rstrip("\n")
        for line in difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
        if line[:1] in "+-" and line[:3] not in {"+++", "---"}
    ]
    shown = [redacted_line(line if len(line) <= WIDTH else f"{line[:WIDTH]}…") for line in changed[:LINES]]
    more = len(changed) - len(shown)
    return (*shown, *([f"… and {more} more changed lines"] if more else []))
