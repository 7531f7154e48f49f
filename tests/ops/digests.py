"""Documents of `pulumi preview --json`, as the engine 3.259 writes them."""

from collections.abc import Mapping

from ops.comment.evaluation import Evaluation

from .events import urn


def step(
    op: str,
    kind: str,
    name: str,
    *,
    old: Mapping[str, object] | None = None,
    new: Mapping[str, object] | None = None,
    detailed: Mapping[str, str] | None = None,
    parent: str = "",
    retained: bool = False,
) -> dict[str, object]:
    """One step; `parent` is the type of the component below Platform that the resource belongs to."""
    full = urn(f"{parent}${kind}" if parent else kind, name)

    def state(inputs: Mapping[str, object]) -> dict[str, object]:
        made: dict[str, object] = {"urn": full, "custom": True, "type": kind, "inputs": inputs, "outputs": {}}
        return made | ({"retainOnDelete": True} if retained else {})

    found: dict[str, object] = {"op": op, "urn": full, "provider": "p"}
    if old is not None:
        found["oldState"] = state(old)
    if new is not None:
        found["newState"] = state(new)
    found["detailedDiff"] = (
        {path: {"kind": one, "inputDiff": False} for path, one in detailed.items()} if detailed else None
    )
    return found


def digest(*steps: Mapping[str, object], same: int = 0, errors: tuple[str, ...] = ()) -> Evaluation:
    """The whole document."""
    diagnostics = [{"message": f"error: {one}\n", "severity": "error"} for one in errors]
    return Evaluation(
        digest={
            "config": {},
            "steps": [dict(one) for one in steps],
            "diagnostics": diagnostics,
            "duration": 1,
            "changeSummary": {"same": same},
        }
    )
