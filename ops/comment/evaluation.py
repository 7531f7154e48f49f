"""What the engine said about a program: the JSON of its preview, and its errors."""

import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pulumi.automation.events import EngineEvent

from ops import diff
from ops.errors import OpsError
from ops.failures import of_program
from ops.operations import Operations
from ops.progress import Progress, short


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One preview as the engine told it."""

    digest: dict[str, object] | None = None
    """The document of `pulumi preview --json`; None where there is none."""
    unchanged: int | None = None
    """How many resources stay as they are; the document counts components and providers, too."""
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_json(self) -> str:
        """For another process."""
        return json.dumps(asdict(self))

    def without(self, prefix: str) -> "Evaluation":
        """The same, where messages don't tell in which folder of this machine it ran."""
        return replace(
            self,
            errors=tuple(error.replace(prefix, "") for error in self.errors),
            warnings=tuple(warning.replace(prefix, "") for warning in self.warnings),
        )


def from_json(text: str) -> Evaluation:
    """What `to_json` wrote."""
    read = json.loads(text)
    return Evaluation(**{**read, "errors": tuple(read["errors"]), "warnings": tuple(read["warnings"])})


class Previewer(Operations):
    """A stack whose preview is wanted as the engine's own JSON."""

    def evaluate(self, *, refresh: bool = False) -> Evaluation:
        """What an update would change; a preview that fails is an evaluation with errors."""
        events: list[EngineEvent] = []
        progress = Progress()
        said: list[str] = []

        def on_event(event: EngineEvent) -> None:
            events.append(event)
            progress.on(event, 0.0)

        def preview() -> None:
            result = self._stack().preview(on_event=on_event, refresh=refresh or None, json=True)
            said.append(result.stdout)

        try:
            self._operate(preview)
        except OpsError as error:
            return failed(*(_told(progress) or [str(error)]))
        return Evaluation(
            digest=json.loads(said[0]),
            unchanged=diff.collect(events).unchanged,
            warnings=tuple(progress.warnings),
        )

    def bring_up(self) -> Evaluation:
        """Make the program the state; only the errors are of interest."""
        progress = Progress()
        try:
            self.up(lambda event: progress.on(event, 0.0))
        except OpsError as error:
            return failed(*(_told(progress) or [str(error)]))
        return Evaluation()


def failed(*errors: str) -> Evaluation:
    """An evaluation that came to nothing."""
    return Evaluation(errors=errors)


def from_digest(text: str, source: Path) -> Evaluation:
    """What `pulumi preview --json` printed. Raises OpsError where it is something else."""
    try:
        digest = json.loads(text)
    except ValueError as error:
        raise OpsError(f"{source} isn't JSON: {error}") from error
    if not isinstance(digest, dict) or not {"steps", "diagnostics"} & set(digest):
        raise OpsError(f"{source} is neither a report nor the output of `pulumi preview --json`.")
    return Evaluation(digest=digest)


_PROTECTED = re.compile(
    r'unable to (replace|delete) resource "([^"]+)"\s+(?:as part of replacing "[^"]+"\s+)?'
    "as it is currently marked for protection"
)


def _told(progress: Progress) -> list[str]:
    """The errors of a run, each once and with its resource."""
    return [
        protected(name, message) or of_program(message) or (f"{name}: {message}" if name else message)
        for name, message in progress.errors
        if message != "update failed" and not message.startswith("an unhandled error occurred:")
    ]


def protected(name: str, message: str) -> str | None:
    """That something would be lost which the program protects, in a line; None where that isn't the error."""
    found = _PROTECTED.search(message)
    if not found:
        return None
    lost = short(found[2])
    cause = "" if name == lost else f" with {name}"
    return f"{lost} would be {found[1]}d{cause}, but is protected: data hangs on it."
