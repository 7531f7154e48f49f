"""`make down`: delete everything that a stack made, after saying what is lost with it."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from ops import backend as backends
from ops.clusters import Source
from ops.diff import HOLDS_DATA
from ops.errors import OpsError
from ops.google import refuse_stand_in
from ops.operations import opened
from ops.outputs import absent
from ops.progress import Display, Progress, short
from ops.stack import Session, stack_option
from ops.up import settle, watched

Resource = Mapping[str, object]


def down(session: Session, say: Callable[[str], object], *, yes: bool) -> None:
    """Destroy the stack. Raises OpsError, ReportedError, or KeyboardInterrupt."""
    refuse_production(session.config, session.stack)
    refuse_stand_in(session.engine, session.stack, "down")
    with opened(session) as operations:
        if not operations.exists():
            raise OpsError(f"Nothing to delete. {absent(session)}")
        state = backends.checkpoint(session.backend, session.stack)
        if state is None:
            state = json.loads(operations.run("stack", "export")).get("deployment") or {}
        resources = state.get("resources") or []
        if not any(map(_owned, resources)):
            say(f"Nothing to delete: stack {session.stack} is empty.")
            return
        if kept := protected(resources):
            raise OpsError(
                f"These are protected: {', '.join(kept)}.",
                f"If they may go: make pulumi{stack_option(session.stack)} "
                "ARGS='state unprotect --all --yes', then the same command again",
            )
        for line in losses(resources, session.stack):
            say(line)
        if not yes:
            confirm(session.stack)
        for line in backends.heal(session.backend, session.stack):
            say(line)
        settle(operations, say)
        progress = Progress()
        with Display(progress, "Taking it down") as display:
            watched(lambda: operations.destroy(display.on_event), progress, session)
        say(f"\nDown: {progress.summary()}, in {display.elapsed:.1f} s.")
    if session.cluster.source is Source.SANDBOX:
        say("The sandbox itself still runs: make sandbox-stop")


def refuse_production(config: Mapping[str, object], stack: str) -> None:
    """Raises OpsError where the stack's file says that losing it would hurt."""
    if config.get("kotaemon:production") in (True, "true"):
        raise OpsError(
            f"Stack {stack} is marked kotaemon:production: true, so it isn't deleted.",
            f"If it may go: make pulumi STACK={stack} ARGS='config set production false', "
            f"make up STACK={stack} (takes the protection off), then the same command again",
        )


def protected(resources: Iterable[Resource]) -> list[str]:
    """The resources that the engine would refuse to delete."""
    return [short(str(one.get("urn"))) for one in resources if one.get("protect")]


def losses(resources: Iterable[Resource], stack: str) -> list[str]:
    """What goes with the stack: how many resources, and each that holds data."""
    custom = [
        one for one in resources if one.get("custom") and not str(one.get("type")).startswith("pulumi:")
    ]
    result = [f"This deletes the {len(custom)} resources of stack {stack}."]
    holding = [line for one in custom if (line := _holding(one))]
    if holding:
        result += ["With them goes what people stored in:", *(f"  - {line}" for line in sorted(holding))]
    return result


def _owned(resource: Resource) -> bool:
    """Whether it is more than bookkeeping."""
    return bool(resource.get("custom")) and not str(resource.get("type")).startswith("pulumi:")


def _holding(resource: Resource) -> str | None:
    kind = str(resource.get("type")).split(":")[-1]
    if kind not in HOLDS_DATA:
        return None
    inputs = cast(Mapping[str, object], resource.get("inputs") or {})
    sizes = ", ".join(sorted(set(_sizes(inputs))))
    kept = "  (kept: retained on delete)" if resource.get("retainOnDelete") else ""
    return f"{short(str(resource.get('urn')))}{f' ({sizes})' if sizes else ''}{kept}"


def _sizes(value: object) -> Iterable[str]:
    """Every storage request below a value."""
    if isinstance(value, Mapping):
        requests = value.get("requests")
        if isinstance(requests, Mapping) and isinstance(requests.get("storage"), str):
            yield requests["storage"]
        for one in value.values():
            yield from _sizes(one)
    elif isinstance(value, list):
        for one in value:
            yield from _sizes(one)


def confirm(stack: str) -> None:
    """Have the stack's name typed. Raises OpsError where nobody is there to, or something else is."""
    again = f"make down{stack_option(stack)} YES=1"
    if not sys.stdin.isatty():
        raise OpsError(f"Nobody is there to confirm it, so nothing was deleted. Without being asked: {again}")
    try:
        typed = input(f"Type the stack's name ({stack}) to delete it: ")
    except EOFError:
        typed = ""
    if typed.strip() != stack:
        raise OpsError("That isn't its name; nothing was deleted.")
