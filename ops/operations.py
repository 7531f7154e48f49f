"""What can be done with a stack, by the Automation API: preview, update, destroy, and healing before."""

import contextlib
import datetime
import json
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from pulumi import automation as auto
from pulumi.automation._stack import StackInitMode
from pulumi.automation.events import EngineEvent

from ops import backend as backends
from ops import failures
from ops.cli import Cli
from ops.errors import OpsError
from ops.stack import Session, program, with_config

OnEvent = Callable[[EngineEvent], object]


class _Stack(auto.Stack):
    """A stack that doesn't ask for outputs and history after each operation: a second of CLI calls.

    The outputs are in the events already.
    """

    def outputs(self) -> auto.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> auto.UpdateSummary | None:
        return auto.UpdateSummary("", datetime.datetime.now(datetime.UTC), "", {}, {}, "")


class _Workspace(auto.LocalWorkspace):
    """A workspace that doesn't change which stack is selected: every command names it."""

    def select_stack(self, stack_name: str) -> None:
        pass


class Operations:
    """One stack in its work folder."""

    def __init__(self, session: Session, work: Path) -> None:
        self.session = session
        self.work = work
        self.cli = Cli(session.engine, session.backend.runs)
        self._workspace = _Workspace(
            work_dir=str(work),
            pulumi_command=self.cli,
            env_vars=session.environment(),
            program=program(session.project),
        )
        self._made: auto.Stack | None = None

    def prepare(self, say: Callable[[str], object]) -> None:
        """Make the stack where it isn't there, and heal what a killed run left. Raises OpsError."""
        session = self.session
        for line in backends.heal(session.backend, session.stack):
            say(line)
        if not session.backend.has(session.stack):
            try:
                self.run("stack", "init", session.stack, "--no-select")
            except OpsError as error:
                if "already exists" not in str(error):
                    raise

    def exists(self) -> bool:
        """Whether the stack is there."""
        known = self.session.backend.has(self.session.stack)
        if known is not None:
            return known
        listed = json.loads(self.run("stack", "ls", "--json"))
        return any(entry["name"].split("/")[-1] == self.session.stack for entry in listed)

    def run(self, *arguments: str) -> str:
        """One command of the CLI, to its output. Raises OpsError."""
        try:
            return self.cli.run(
                list(arguments), self._workspace.work_dir, dict(self._workspace.env_vars)
            ).stdout
        except auto.CommandError as error:
            raise failures.explain(error, self.session.stack) from error

    def preview(self, on_event: OnEvent, *, refresh: bool = False) -> None:
        """What an update would do, as events. Raises OpsError, ReportedError, or KeyboardInterrupt."""
        self._operate(lambda: self._stack().preview(on_event=on_event, refresh=refresh or None))

    def up(self, on_event: OnEvent, *, refresh: bool = False) -> None:
        """Bring the stack to what the program says. Raises as `preview` does."""
        self._operate(lambda: self._stack().up(on_event=on_event, refresh=refresh or None))

    def destroy(self, on_event: OnEvent) -> None:
        """Delete everything that the stack made. Raises as `preview` does."""
        self._operate(lambda: self._stack().destroy(on_event=on_event))

    def _operate(self, operation: Callable[[], object]) -> None:
        with self.cli.cancellable(), warnings.catch_warnings():
            # "Error in event stream", where the engine is killed: that is said better elsewhere.
            warnings.simplefilter("ignore", UserWarning)
            try:
                operation()
            except (auto.CommandError, OpsError) as error:
                if self.cli.cancelled:
                    raise KeyboardInterrupt from error
                if isinstance(error, OpsError):
                    raise
                raise failures.explain(error, self.session.stack) from error

    def _stack(self) -> auto.Stack:
        if self._made is None:
            self._made = _Stack(self.session.stack, self._workspace, StackInitMode.SELECT)
        return self._made


@contextlib.contextmanager
def opened(session: Session) -> Iterator[Operations]:
    """The stack in a work folder of its own, with a copy of its file.

    A copy, because the CLI writes into the file what only this machine knows. Secrets that the
    user set are readable there, since what unlocks them is in the copy too.
    """
    with tempfile.TemporaryDirectory(prefix="kotaemon-") as folder:
        work = Path(folder)
        project = session.project
        shutil.copyfile(project.settings, work / project.settings.name)
        file = project.stack_file(session.stack)
        text = with_config(file.read_text(encoding="utf-8"), session.cluster.injected())
        (work / file.name).write_text(text, encoding="utf-8")
        yield Operations(session, work)
