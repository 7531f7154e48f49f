"""`make up`: bring a stack up, and say how to use it."""

import json
import os
from collections.abc import Callable, Mapping

from ops import door, placeholders, watchers
from ops.backend import checkpoint
from ops.errors import OpsError, ReportedError
from ops.failures import EngineError, of_program, recognise
from ops.google import refuse_stand_in
from ops.operations import Operations, opened
from ops.progress import Display, Progress
from ops.stack import Session, stack_option

Say = Callable[[str], object]


def up(session: Session, say: Say, *, refresh: bool = False) -> None:
    """Bring the stack to what the program says. Raises OpsError, ReportedError, or KeyboardInterrupt."""
    refuse_stand_in(session.engine, session.stack, "up")
    placeholders.refuse(session.engine, session.stack, session.config)
    for line in watchers.before_up(session):
        say(line)
    with opened(session) as operations:
        operations.prepare(say)
        settle(operations, say)
        progress = Progress()
        with Display(progress, "Bringing it up") as display:
            watched(lambda: operations.up(display.on_event, refresh=refresh), progress, session)
        for warning in progress.warnings:
            say(f"warning: {warning}")
        say(f"\nUp: {progress.summary()}, in {display.elapsed:.1f} s.")
        for line in guidance(progress.outputs, session):
            say(line)
    front = door.of_stack(progress.outputs, session)
    for line in front.lines() if front else []:
        say(line)
    if front is not None and front.state is door.State.OPEN:
        raise ReportedError(1)


def watched(operation: Callable[[], None], progress: Progress, session: Session) -> None:
    """Run an operation; where it fails, tell it by what its events said. Raises ReportedError or OpsError."""
    try:
        operation()
    except EngineError as error:
        if not progress.errors:
            raise
        known = recognise("\n".join(message for _, message in progress.errors), session.stack)
        raise known or OpsError(failure(progress, session)) from error


def failure(progress: Progress, session: Session) -> str:
    """The errors of a run, each with its resource, and what to do where there is a common answer."""
    lines: list[str] = []
    for name, message in progress.errors:
        if message == "update failed" or message.startswith("an unhandled error occurred:"):
            continue
        short_form = None if os.environ.get("KOTAEMON_DEBUG") else of_program(message)
        lines.append(short_form or (f"{name}: {message}" if name else message))
    if progress.done:
        lines.append(
            f"Done so far and kept: {progress.summary()}. The same command again goes on from there."
        )
    if any(name for name, _ in progress.errors) and session.cluster.context:
        lines.append(f"What runs and what doesn't, and why: make status{stack_option(session.stack)}")
    return "\n".join(lines)


def settle(operations: Operations, say: Say) -> None:
    """Find out what became of resources that a killed run was creating.

    The engine only warns about those, each time, and would make what has a generated name twice.
    """
    session = operations.session
    state = checkpoint(session.backend, session.stack)
    if state is None:
        state = json.loads(operations.run("stack", "export")).get("deployment") or {}
    pending = [one for one in state.get("pending_operations") or [] if one.get("type") == "creating"]
    if pending:
        from ops.pending import settle as settle_pending

        settle_pending(operations, pending, say)


def guidance(outputs: Mapping[str, object], session: Session) -> list[str]:
    """What a person does next, from the stack's outputs."""
    option = stack_option(session.stack)
    url = str(outputs.get("url", ""))
    lines = []
    if session.cluster.simulated:
        lines.append(
            f"On {session.cluster.simulated} simulated nodes: every object is real, no container runs. "
            f"{session.cluster.real_cluster_hint(option)}"
        )
    elif url:
        lines.append(f"Open       {url}")
        records = outputs.get("dnsRecords")
        # The first thing that has to be done by hand, and nothing works before.
        lines += [f"Set        {record}" for record in records] if isinstance(records, list) else []
    else:
        lines.append(f"Open       make open{option}")
    if name := outputs.get("adminUsername"):
        lines.append(f"Log in as  {name}")
    if "adminPassword" in outputs:
        lines.append(f"Password   make pulumi{option} ARGS='stack output adminPassword --show-secrets'")
    if not session.cluster.simulated:
        # They explain themselves; without them nobody looks, and nobody is told.
        shown = (("Watch", outputs.get("grafana")), ("Alerts to", outputs.get("alertsGoTo")))
        lines += [f"{word:10} {text}" for word, text in shown if isinstance(text, str)]
    lines.append(f"Then       make status{option} | make diff{option} | make down{option}")
    return lines
