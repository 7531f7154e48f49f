"""What this tree would change against another commit, with no account, cluster or key: on a scratch state.

The other commit's program becomes a state by a real update with plugins that only pretend; then this tree's
program is previewed against it. What is compared is two programs, not what runs.
"""

import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ops import engine as engines
from ops.comment import evaluation, pretend
from ops.comment.collect import collect
from ops.comment.evaluation import Evaluation, failed
from ops.comment.policies import policies_of
from ops.comment.report import Report
from ops.errors import OpsError
from ops.paths import Project

_HASH = re.compile(r"[0-9a-f]{40}")
PATIENCE = 900
"""Seconds for one evaluation."""


def offline(
    project: Project, stacks: Sequence[str], base: str, say: Callable[[str], object]
) -> tuple[Report, ...]:
    """The reports of some stacks. Raises OpsError where `base` is no commit, or a stack has no file."""
    for stack in stacks:
        if not project.stack_file(stack).is_file():
            raise OpsError(
                f"There is no stack {stack}: {project.stack_file(stack).name} isn't there.",
                f"Stacks that are: {', '.join(project.stacks()) or 'none'}",
            )
    commit = fork_point(project, base)
    engine = engines.choose(os.environ)  # here, where it may take its minutes
    say(f"engine: {engine}   base: {base} ({commit[:7]})   stacks: {', '.join(stacks)}")
    with tempfile.TemporaryDirectory(prefix="kotaemon-comment-") as name:
        folder = Path(name)
        plugins = pretend.install(folder / "plugins")
        before = Project(_checked_out(project, commit, folder / "base"))

        def one(stack: str) -> Report:
            own = folder / f"stack-{stack}"
            own.mkdir()
            (own / "plugins").symlink_to(plugins)
            return _report(project, before, stack, own, named(base, commit))

        with ThreadPoolExecutor(2) as pool:
            return tuple(pool.map(one, stacks))


def _report(project: Project, before: Project, stack: str, folder: Path, base: str) -> Report:
    against = f"{base}, offline (program with program, not with what runs)"
    if before.stack_file(stack).is_file():
        made = _evaluate(before, stack, folder, bring_up=True)
        if made.errors:
            return collect(stack, against, failed(f"The program of {base} fails by itself:", *made.errors))
    else:
        against = f"nothing, as {base} has no stack {stack}"
    found = _evaluate(project, stack, folder, bring_up=False)
    return collect(stack, against, found, None if found.errors else policies_of(project, stack))


def fork_point(project: Project, base: str) -> str:
    """The commit of `base` that this tree grew from. Raises OpsError where there is no such commit."""
    found = _git(project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}")
    if found is None:
        raise OpsError(
            f"BASE={base} is no commit of this repository.",
            "A branch, a tag or a commit: make pr-comment STACK=prod BASE=origin/main",
        )
    commit = found.decode().strip()
    shared = _git(project, "merge-base", commit, "HEAD")  # none in a shallow clone
    return shared.decode().strip() if shared else commit


def named(base: str, commit: str) -> str:
    """The commit as a person calls it: `main at 1a2b3c4`."""
    return (
        commit[:7]
        if commit.startswith(base)
        else f"{base[:7] if _HASH.fullmatch(base) else base} at {commit[:7]}"
    )


def _git(project: Project, *arguments: str) -> bytes | None:
    """The output of a git command in the project's folder; None where it fails."""
    try:
        done = subprocess.run(["git", *arguments], cwd=project.root, capture_output=True)
    except FileNotFoundError as error:
        raise OpsError("git isn't installed, which knows what BASE is.") from error
    return done.stdout if done.returncode == 0 else None


def _checked_out(project: Project, commit: str, folder: Path) -> Path:
    """The project as it is in a commit; the repository isn't touched, so a killed run leaves nothing in it."""
    archive = _git(project, "archive", "--format=tar", commit)
    if archive is None:
        raise OpsError(f"git can't read commit {commit[:7]} of {project.root}.")
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    return folder


def _evaluate(project: Project, stack: str, folder: Path, *, bring_up: bool) -> Evaluation:
    """Run one program in a process of its own."""
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    asked = {"project": str(project.root), "stack": stack, "folder": str(folder), "bring_up": bring_up}
    # Without the folder that it runs in on Python's path: it holds the other commit's ops/.
    environment = {**pretend.environment(), "PYTHONPATH": str(pretend.ROOT), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "ops.comment.scratch", json.dumps(asked), str(result)],
        cwd=project.root, env=environment, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    if not result.is_file():
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return failed(f"The evaluation broke off: {last}")
    found = evaluation.from_json(result.read_text(encoding="utf-8"))
    return found.without(f"{project.root}/")
