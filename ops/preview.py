"""`make preview` and `make diff`: what an update would change. They change nothing."""

from collections.abc import Callable

from pulumi.automation.events import EngineEvent

from ops import diff, placeholders
from ops.operations import opened
from ops.progress import Display, Progress
from ops.stack import Session, stack_option
from ops.up import watched


def preview(session: Session, say: Callable[[str], object], *, refresh: bool, properties: bool) -> None:
    """Show what an update would change. Raises OpsError, ReportedError, or KeyboardInterrupt."""
    placeholders.refuse(session.engine, session.stack, session.config)
    events: list[EngineEvent] = []
    progress = Progress()
    with opened(session) as operations:
        operations.prepare(say)
        with Display(progress, "Comparing", quiet=True) as display:

            def on_event(event: EngineEvent) -> None:
                events.append(event)
                display.on_event(event)

            watched(lambda: operations.preview(on_event, refresh=refresh), progress, session)
    for warning in progress.warnings:
        say(f"warning: {warning}")
    found = diff.collect(events)
    say("")
    for line in diff.lines(found, properties=properties):
        say(line)
    if found.changes:
        option = stack_option(session.stack)
        say(
            f"To do it: make up{option}"
            if properties
            else f"In full: make diff{option}   To do it: make up{option}"
        )
