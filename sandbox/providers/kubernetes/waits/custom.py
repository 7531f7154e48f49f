"""Waits that the program asks for: the annotation pulumi.com/waitFor."""

import json
import re

from sandbox.providers.base import INFO, Failure
from sandbox.providers.kubernetes.objects import dig, number, rows, text
from sandbox.providers.wire import Value

from .scene import Scene, Verdict

_STEP = re.compile(
    r"""\.(?P<name>[\w-]+)|\['(?P<quoted>[^']+)'\]|\["(?P<double>[^"]+)"\]|\[(?P<index>\d+)\]|\[(?P<star>\*)\]
    |\[\?\(?@\.(?P<key>[\w.-]+)\s*==\s*['"](?P<value>[^'"]*)['"]\)?\]""",
    re.VERBOSE,
)


def expressions(annotation: str) -> list[str]:
    """The annotation's conditions: one, or a JSON list of several."""
    try:
        parsed: Value = json.loads(annotation)
    except json.JSONDecodeError:
        parsed = annotation
    found = [str(item) for item in parsed] if isinstance(parsed, list) else [annotation]
    if not found:
        raise Failure("at least one condition must be specified")
    return found


def judge(scene: Scene, wanted: list[str]) -> Verdict:
    """Ready when all conditions hold, of the generation that the controller has seen."""
    live = scene.live()
    if live is None:
        return Verdict()
    seen = number(live, "status", "observedGeneration", default=-1)
    if 0 <= seen < number(live, "metadata", "generation"):
        return Verdict(reasons=["the controller has not seen the latest change"])
    missing = [expression for expression in wanted if not holds(live, expression)]
    return Verdict(
        done=not missing,
        shown=[(INFO, f"Waiting for {expression}") for expression in missing],
        reasons=[f"{expression} does not hold" for expression in missing],
    )


def holds(obj: Value, expression: str) -> bool:
    """Whether `condition=TYPE[=STATUS]` or `jsonpath={PATH}[=VALUE]` holds."""
    if expression.startswith("condition="):
        kind, _, status = expression.removeprefix("condition=").partition("=")
        for row in rows(obj, "status", "conditions"):
            if text(row, "type").lower() == kind.lower():
                seen = number(row, "observedGeneration", default=number(obj, "metadata", "generation"))
                current = seen >= number(obj, "metadata", "generation")
                return current and text(row, "status").lower() == (status or "True").lower()
        return False
    if expression.startswith("jsonpath="):
        path, value = _split(expression.removeprefix("jsonpath="))
        found = select(obj, path)
        if not found:
            return False
        return value is None or _words(found[0]) == value
    raise Failure(f'expected a "jsonpath=" or "condition=" prefix, got "{expression}"')


def _split(raw: str) -> tuple[str, str | None]:
    found = re.fullmatch(r"\{\s*\$?(.*?)\s*\}(?:=(.+))?", raw)
    if found is None:
        raise Failure(
            f"pulumi.com/waitFor: expected jsonpath={{.path}} or jsonpath={{.path}}=value, got {raw!r}"
        )
    return found.group(1), found.group(2)


def _words(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def select(obj: Value, path: str) -> list[Value]:
    """The values at a JSONPath: names, indexes, `*` and filters that compare with a text."""
    values, position = [obj], 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise Failure(
                f"pulumi.com/waitFor: the sandbox's stand-in doesn't understand {path[position:]!r} in {path!r}; "
                "it needs the official plugin"
            )
        values = [item for value in values for item in _taken(value, step)]
        position = step.end()
    return values


def _taken(value: Value, step: re.Match[str]) -> list[Value]:
    name = step["name"] or step["quoted"] or step["double"]
    if name:
        return [value[name]] if isinstance(value, dict) and name in value else []
    if step["index"]:
        index = int(step["index"])
        return [value[index]] if isinstance(value, list) and index < len(value) else []
    items = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    if step["star"]:
        return items
    keys = step["key"].split(".")
    return [item for item in items if _words(dig(item, *keys)) == step["value"]]
