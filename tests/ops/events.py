"""Engine events, as the engine 3.259 sends them."""

from collections.abc import Mapping

from pulumi.automation.events import EngineEvent

MARK = "4dabf18193072939515e22adb298388d"
SECRET = {MARK: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
"""How a secret stands in an event."""


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:local::kotaemon::kotaemon:index:Platform${kind}::{name}"


def step(
    event: str,
    op: str,
    kind: str,
    name: str,
    *,
    old: Mapping[str, object] | None = None,
    new: Mapping[str, object] | None = None,
    outputs: Mapping[str, object] | None = None,
    detailed: Mapping[str, str] | None = None,
    custom: bool = True,
) -> EngineEvent:
    """A resourcePreEvent, resOutputsEvent or resOpFailedEvent; `detailed` is path → kind of difference."""
    full = urn(kind, name)

    def state(inputs: Mapping[str, object]) -> dict[str, object]:
        return {"type": kind, "urn": full, "custom": custom, "inputs": inputs, "outputs": outputs or {}}

    return EngineEvent.from_json(
        {
            "sequence": 0,
            "timestamp": 0,
            event: {
                "metadata": {
                    "op": op,
                    "urn": full,
                    "type": kind,
                    "old": state(old) if old is not None else None,
                    "new": state(new) if new is not None else None,
                    "detailedDiff": {path: {"diffKind": one} for path, one in (detailed or {}).items()},
                }
            },
        }
    )


def pre(op: str, kind: str, name: str, **more: object) -> EngineEvent:
    return step("resourcePreEvent", op, kind, name, **more)  # type: ignore[arg-type]  # passed on as they are


def done(op: str, kind: str, name: str, **more: object) -> EngineEvent:
    return step("resOutputsEvent", op, kind, name, **more)  # type: ignore[arg-type]  # passed on as they are


def failed(op: str, kind: str, name: str) -> EngineEvent:
    return step("resOpFailedEvent", op, kind, name, new={})


def diagnostic(severity: str, message: str, about: str = "") -> EngineEvent:
    body = {"message": message, "severity": severity, "color": "never", "urn": about}
    return EngineEvent.from_json({"sequence": 0, "timestamp": 0, "diagnosticEvent": body})
