"""Field managers: whose fields are whose, for server-side apply."""

from sandbox.providers import paths
from sandbox.providers.wire import Properties, Value

from .objects import dig, drop, put, rows, table, text

# Who may have made fields before this provider applied them, by name and operation: the provider's own
# creates, kubectl, and what the server calls fields of unknown origin.
_TAKEN_OVER = (
    ("kubectl", "Apply"),
    ("kubectl", "Update"),
    ("before-first-apply", "Update"),
    ("pulumi-kubernetes", "Update"),
    ("pulumi-kubernetes.exe", "Update"),
    ("pulumi-resource-kubernetes", "Update"),
)
_OURS = ("pulumi-kubernetes", "pulumi-kubernetes.exe", "pulumi-resource-kubernetes")


def created_by_us(live: Value) -> bool:
    """Whether some fields still belong to the provider's creates, and not to its applies."""
    return any(
        text(entry, "operation") == "Update" and text(entry, "manager") in _OURS
        for entry in rows(live, "metadata", "managedFields")
    )


def taken_over(live: Value, manager: str) -> list[Value] | None:
    """The object's managed fields, with the fields of earlier managers moved to `manager`.

    None if there is nothing to move. Without this, a field that an apply no longer has would stay.
    """
    mine: Properties | None = None
    others: list[Value] = []
    edited = False
    for entry in rows(live, "metadata", "managedFields"):
        if not isinstance(entry, dict):
            continue
        who = text(entry, "manager"), text(entry, "operation")
        if who == (manager, "Apply"):
            mine = _merged(mine, entry)
        elif who in _TAKEN_OVER and not text(entry, "subresource"):
            edited = True
            mine = _merged(mine, {**entry, "manager": manager, "operation": "Apply"})
        else:
            others.append(entry)
    return [*others, mine] if edited else None


def _merged(one: Properties | None, other: Properties) -> Properties:
    if one is None:
        return other
    return {**one, "fieldsV1": _union(table(one, "fieldsV1"), table(other, "fieldsV1"))}


def _union(one: Properties, other: Properties) -> Properties:
    result = {**one}
    for key, value in other.items():
        mine = result.get(key)
        result[key] = _union(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return result


def leave_ignored(inputs: Properties, live: Value, manager: str, ignored: list[str]) -> None:
    """Make an apply leave alone what the program ignores.

    A field of somebody else's is not applied at all, so that there is no conflict over it; any other one is
    applied as it is.
    """
    for path in ignored:
        keys = [str(step) for step in paths.parse(path)]
        ours, theirs = False, False
        for entry in rows(live, "metadata", "managedFields"):
            if dig(entry, "fieldsV1", *(f"f:{key}" for key in keys)) is not None:
                ours, theirs = (True, theirs) if text(entry, "manager") == manager else (ours, True)
        if theirs and not ours:
            drop(inputs, *keys)
        elif (value := dig(live, *keys)) is not None:
            put(inputs, value, *keys)
