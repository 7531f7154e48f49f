"""`make up`: bring a stack up, and say how to use it."""

import json
from collections.abc import Callable, Mapping

from ops.backend import checkpoint
from ops.clusters import real_cluster_command
from ops.errors import OpsError
from ops.failures import EngineError, recognise
from ops.operations import Operations
from ops.progress import Display, Progress
from ops.stack import Session

Say = Callable[[str], object]


def up(session: Session, say: Say, *, refresh: bool = False) -> None:
    """Bring the stack to what the program says. Raises OpsError, ReportedError, or KeyboardInterrupt."""
    with session.operations() as operations:
        operations.prepare(say)
        settle(operations, say)
        progress = Progress()
        with Display(progress, "Bringing it up") as display:
            watched(lambda: operations.up(display.on_event, refresh=refresh), progress, session)
        for warning in progress.warnings:
            say(f"warning: {warning}")
        say(f"\nUp: {progress.summary()}, in {display.elapsed:.1f} s.")
        for line in guidance(progress.outputs, session.stack, simulated=session.cluster.simulated):
            say(line)


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
    specific = [(name, message) for name, message in progress.errors if message != "update failed"]
    lines = [f"{name}: {message}" if name else message for name, message in specific]
    if progress.done:
        lines.append(
            f"Done so far and kept: {progress.summary()}. The same command again goes on from there."
        )
    if any(name for name, _ in specific) and session.cluster.context:
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


def guidance(outputs: Mapping[str, object], stack: str, *, simulated: int) -> list[str]:
    """What a person does next, from the stack's outputs."""
    option = stack_option(stack)
    lines = []
    if simulated:
        lines.append(
            f"On {simulated} simulated nodes: every object is real, no container runs. For a real cluster: "
            f"{real_cluster_command()}, then make up{option}."
        )
    elif "url" in outputs:
        lines.append(f"Open       {outputs['url']}")
    else:
        lines.append(f"Open       make open{option}")
    if name := outputs.get("adminUsername"):
        lines.append(f"Log in as  {name}")
    if "adminPassword" in outputs:
        lines.append(f"Password   make pulumi{option} ARGS='stack output adminPassword --show-secrets'")
    lines.append(f"Then       make status{option} | make diff{option} | make down{option}")
    return lines


def stack_option(stack: str) -> str:
    """What to add to a make command for this stack."""
    return "" if stack == "local" else f" STACK={stack}"
