"""Show an operation while it runs: what was done, what is being waited for, and why."""

import re
import sys
import threading
import time
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pulumi.automation.events import EngineEvent, StepEventMetadata

if TYPE_CHECKING:
    from rich.text import Text

HEARTBEAT = 10.0
"""Seconds between two lines that say what is being waited for, where there is no terminal."""

SHOWN = {
    "create": ("+", "created"),
    "update": ("~", "updated"),
    "create-replacement": ("±", "replaced"),
    "delete": ("-", "deleted"),
    "import": ("=", "taken over"),
}
"""Operations that people care about: symbol, and the word for a finished one."""

_MARKUP = re.compile(r"<\{%[^%]*%\}>")
_STATUS = re.compile(r"\[\w+\]")
"""How the Kubernetes provider begins what it says while it waits, such as `[MinimumReplicasUnavailable]`."""
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def short(urn: str) -> str:
    """`Deployment/app` for a URN: the kind of Kubernetes, or of Pulumi, and the resource's name."""
    parts = urn.split("::")
    kind = parts[2].split("$")[-1].split(":")[-1] if len(parts) > 2 else ""
    return f"{kind}/{parts[-1]}"


def plain(message: str) -> str:
    """A diagnostic's text without the engine's markup."""
    return _COLOR.sub("", _MARKUP.sub("", message)).strip()


@dataclass
class Running:
    """A resource that is being worked on."""

    symbol: str
    name: str
    since: float
    reason: str = ""
    """The last thing that its provider said, such as what it waits for."""

    def line(self, now: float) -> str:
        """What to show of it."""
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.symbol} {self.name} {now - self.since:.0f} s{reason}"


@dataclass
class Progress:
    """What is known from the events so far. Pure: the time comes with each event."""

    running: dict[str, Running] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)
    """Resource (empty for the stack itself) and message."""
    warnings: list[str] = field(default_factory=list)
    outputs: Mapping[str, object] = field(default_factory=dict)
    """The stack's outputs; secret ones are masked by the engine."""
    changes: Mapping[str, int] = field(default_factory=dict)
    """The engine's own count, by operation; there once it has ended."""

    def on(self, event: EngineEvent, now: float) -> list[str]:
        """Take an event in, and give the lines to show for it."""
        if event.resource_pre_event:
            self._begin(event.resource_pre_event.metadata, now)
        elif event.res_outputs_event:
            return self._finish(event.res_outputs_event.metadata, now)
        elif event.res_op_failed_event:
            return self._fail(event.res_op_failed_event.metadata, now)
        elif event.diagnostic_event:
            diagnostic = event.diagnostic_event
            return self._diagnostic(diagnostic.severity, plain(diagnostic.message), diagnostic.urn or "")
        elif event.summary_event:
            self.changes = {str(key): count for key, count in event.summary_event.resource_changes.items()}
        return []

    def _begin(self, step: StepEventMetadata, now: float) -> None:
        if step.op.value in SHOWN and not _is_internal(step.type):
            self.running[step.urn] = Running(SHOWN[step.op.value][0], short(step.urn), now)

    def _finish(self, step: StepEventMetadata, now: float) -> list[str]:
        if step.type == "pulumi:pulumi:Stack" and step.new and step.op.value != "delete":
            self.outputs = step.new.outputs or {}
        running = self.running.pop(step.urn, None)
        if running is None or not (step.new or step.old or step).__dict__.get("custom"):
            return []  # a component is only a group
        word = SHOWN[step.op.value][1]
        self.done[word] = self.done.get(word, 0) + 1
        return [f"{running.symbol} {running.name} {word} in {now - running.since:.1f} s"]

    def _fail(self, step: StepEventMetadata, now: float) -> list[str]:
        running = self.running.pop(step.urn, None)
        return [f"! {running.name} failed after {now - running.since:.1f} s"] if running else []

    def _diagnostic(self, severity: str, message: str, urn: str) -> list[str]:
        if not message or severity == "debug" or message.startswith("using pulumi-resource-"):
            return []
        name = "" if "pulumi:pulumi:Stack" in urn.split("::")[2:3] or not urn else short(urn)
        if severity == "error":
            if message not in {known for _, known in self.errors}:
                self.errors.append((name, message))
        elif severity == "warning" and not (urn in self.running and _STATUS.match(message)):
            line = f"{name}: {message}" if name else message
            if line not in self.warnings:
                self.warnings.append(line)
        elif urn in self.running:
            self.running[urn].reason = " ".join(message.split())
        elif not name:
            return [message]
        return []

    def waiting(self, now: float) -> list[str]:
        """A line for each resource that is being worked on, the longest first."""
        return [running.line(now) for running in sorted(self.running.values(), key=lambda one: one.since)]

    def summary(self) -> str:
        """`3 created, 1 updated`, or that nothing changed."""
        return ", ".join(f"{count} {word}" for word, count in self.done.items()) or "nothing changed"


def _is_internal(kind: str) -> bool:
    """Providers and the stack itself: bookkeeping."""
    return kind.startswith("pulumi:")


class Display:
    """Shows a Progress: in place on a terminal, as plain lines elsewhere."""

    def __init__(self, progress: Progress, title: str, *, quiet: bool = False) -> None:
        self.progress = progress
        self._quiet = quiet  # shows what is being waited for, not what was done
        self._title = title
        self._started = time.monotonic()
        self._spoke = self._started
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._terminal = sys.stdout.isatty()
        self._ticking = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "Display":
        if self._terminal:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(highlight=False), refresh_per_second=4, transient=True)
            self._live.start()
        self._ticking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._ended.set()
        self._ticking.join()
        if self._terminal:
            self._live.stop()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def on_event(self, event: EngineEvent) -> None:
        """Take an event of the engine; called from its thread."""
        with self._lock:
            for line in self.progress.on(event, time.monotonic()):
                if not self._quiet:
                    self._print(line)

    def _print(self, line: str) -> None:
        self._spoke = time.monotonic()
        if self._terminal:
            self._live.console.print(f"  {line}", markup=False)
        else:
            print(f"  {line}", flush=True)

    def _tick(self) -> None:
        while not self._ended.wait(0.25):
            with self._lock:
                now = time.monotonic()
                if self._terminal:
                    self._live.update(self._view(now))
                elif now - self._spoke >= HEARTBEAT:
                    waiting = self.progress.waiting(now)
                    more = f" (and {len(waiting) - 3} more)" if len(waiting) > 3 else ""
                    self._print(
                        f"… {self.elapsed:.0f} s, waiting for {'; '.join(waiting[:3]) or 'the engine'}{more}"
                    )

    def _view(self, now: float) -> "Text":
        from rich.text import Text

        lines = self.progress.waiting(now)
        shown = [f"  {line}" for line in lines[:12]]
        if len(lines) > 12:
            shown.append(f"  and {len(lines) - 12} more")
        return Text(
            "\n".join([f"{self._title} {self.elapsed:.0f} s", *shown]), overflow="ellipsis", no_wrap=True
        )
