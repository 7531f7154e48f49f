"""`make pr-comment`: what a change would do to each stack, as the comment that a pull request gets."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.comment import evaluation, report
from ops.comment.report import Report
from ops.errors import OpsError, ReportedError
from ops.operations import opened
from ops.paths import Project
from ops.stack import open_session

Say = Callable[[str], object]
FORMS = (".md", ".html", ".json")
"""Markdown, a page, and what another run makes a comment of."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks for: one of `base`, `live` and `files`."""

    stacks: tuple[str, ...]
    base: str = ""
    live: bool = False
    refresh: bool = False
    files: tuple[Path, ...] = ()
    out: Path | None = None
    heading: str = "What this change would do"
    commit: str = ""
    run: str = ""
    """The address of the run that made it."""
    expect_none: bool = False


def pr_comment(project: Project, asked: Asked, say: Say, note: Say) -> None:
    """Write the comment. Raises OpsError, or ReportedError where a preview failed or changes weren't expected."""
    if asked.out is not None and asked.out.suffix not in FORMS:
        raise OpsError(f"OUT={asked.out} must end with one of: {', '.join(FORMS)}")
    if asked.files:
        reports = read(asked.files, asked.stacks)
    elif asked.live:
        reports = live(project, asked.stacks, note, refresh=asked.refresh)
    else:
        from ops.comment.offline import offline

        reports = offline(project, asked.stacks, asked.base, note)
    write(reports, asked, say, note)
    if asked.expect_none and not all(one.quiet for one in reports):
        raise ReportedError(3)
    if not asked.files and any(one.failed for one in reports):
        note("error: a preview failed; the comment says why.")
        raise ReportedError


def live(project: Project, stacks: Sequence[str], note: Say, *, refresh: bool) -> tuple[Report, ...]:
    """The reports of stacks against their own state, or with `refresh` against what runs."""
    against = (
        "what runs; this is what up would do to bring it back"
        if refresh
        else "the stack as the last update left it"
    )
    found = [(stack, _preview(project, stack, note, refresh=refresh)) for stack in stacks]
    # After the programs have run, which may be another folder's: this imports `components` from here.
    from ops.comment.collect import collect
    from ops.comment.policies import policies_of

    return tuple(
        collect(stack, against, one, None if one.errors else policies_of(project, stack))
        for stack, one in found
    )


def _preview(project: Project, stack: str, note: Say, *, refresh: bool) -> evaluation.Evaluation:
    try:
        session = open_session(project, stack, os.environ, say=note)
        with opened(session) as operations:
            previewer = evaluation.Previewer(session, operations.work)
            if not previewer.exists():
                raise OpsError(f"Stack {stack} isn't there: nobody has brought it up yet.")
            found = previewer.evaluate(refresh=refresh)
    except OpsError as error:
        found = evaluation.failed(str(error))
    return found.without(f"{project.root}/")


def read(files: Sequence[Path], expected: Sequence[str]) -> tuple[Report, ...]:
    """Reports out of files or folders; a stack that was expected and has none has failed.

    A file may also hold what `pulumi preview --json` printed; its name is then the stack's.
    """
    from ops.comment.collect import collect

    found: dict[str, Report] = {}
    for file in [one for path in files for one in (sorted(path.glob("*.json")) if path.is_dir() else [path])]:
        text = file.read_text(encoding="utf-8")
        if text.lstrip().startswith("["):
            found |= {one.stack: one for one in report.from_json(text, file)}
        else:
            digest = evaluation.from_digest(text, file)
            try:
                found[file.stem] = collect(file.stem, "", digest)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                raise OpsError(f"{file} isn't what `pulumi preview --json` prints: {error!r}") from error
    missing = [
        Report(stack=stack, errors=("There is no preview of it: its job ended before.",))
        for stack in expected
        if stack not in found
    ]
    return (*(found[stack] for stack in sorted(found)), *missing)


def write(reports: tuple[Report, ...], asked: Asked, say: Say, note: Say) -> None:
    """Put the comment where it was asked for, in the form that the file's name says."""
    from ops.comment.markdown import render

    markdown = render(reports, heading=asked.heading, foot=foot(asked.commit, asked.run))
    if asked.out is None:
        say(markdown)
        return
    text = markdown
    if asked.out.suffix == ".json":
        text = report.to_json(reports)
    elif asked.out.suffix == ".html":
        from ops.comment.page import page

        text = page(markdown, asked.heading)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(text, encoding="utf-8")
    note(str(asked.out))


def foot(commit: str, run: str) -> str:
    """Of which commit it speaks, and where to look further."""
    from ops.comment.escape import code

    parts = [f"Commit {code(commit[:12])}"] if commit else []
    if re.fullmatch(r"https://[A-Za-z0-9./_-]+", run):
        parts.append(f"[the run that made this]({run})")
    return ", ".join(parts)
