"""The commands behind the Makefile: python -m ops COMMAND --stack NAME."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import OpsError, ReportedError
from ops.paths import PROJECT, Project

if TYPE_CHECKING:
    from ops.stack import Session

# Each command imports what it needs when it runs: the Automation API and grpc take a second.


def _say(line: str) -> None:
    print(line, flush=True)


def _note(line: str) -> None:
    """For what isn't the command's result, so that its output can be piped."""
    print(line, file=sys.stderr, flush=True)


def _session(
    options: argparse.Namespace, *, start: bool = False, reach: bool = True, quiet: bool = False
) -> "Session":
    from ops.stack import open_session

    say = _note if quiet else _say
    return open_session(
        Project(options.project), options.stack, os.environ, start=start, reach=reach, say=say
    )


def _up(options: argparse.Namespace) -> None:
    from ops.up import up

    up(_session(options, start=True), _say, refresh=options.refresh)


def _preview(options: argparse.Namespace) -> None:
    from ops.preview import preview

    preview(_session(options, start=True), _say, refresh=options.refresh, properties=False)


def _diff(options: argparse.Namespace) -> None:
    from ops.preview import preview

    preview(_session(options, start=True), _say, refresh=options.refresh, properties=True)


def _status(options: argparse.Namespace) -> None:
    from ops.status import status

    status(_session(options, quiet=options.json), _say, as_json=options.json)


def _open(options: argparse.Namespace) -> None:
    from ops.open import open_app

    open_app(_session(options), _say, port=options.port, browser=options.browser)


def _render(options: argparse.Namespace) -> None:
    from ops.render import render

    render(Project(options.project), options.stack, options.out, options.secret_store, _say)


def _policy(options: argparse.Namespace) -> None:
    from ops.policy import policy

    policy(Project(options.project), options.stack, _say, as_json=options.json)


def _diagram(options: argparse.Namespace) -> None:
    from ops.diagram.command import diagram

    diagram(Project(options.project), options.stack, _say)


def _down(options: argparse.Namespace) -> None:
    from ops.down import down

    down(_session(options, start=True), _say, yes=options.yes)


def _init(options: argparse.Namespace) -> None:
    from ops.init import init
    from ops.questions import Given

    given = Given(
        project=options.google_project,
        domain=options.domain,
        members=options.members,
        region=options.region,
        zone=options.zone,
    )
    ask = input if sys.stdin.isatty() else None
    init(Project(options.project), options.stack, given, options.source, ask, _say)


def _doctor(options: argparse.Namespace) -> None:
    from ops.doctor import doctor

    doctor(Project(options.project), options.stack, os.environ, _say)


def _pulumi(options: argparse.Namespace) -> None:
    from ops.passthrough import passthrough

    passthrough(_session(options, reach=False, quiet=True), options.arguments, _note)


def _pr_comment(options: argparse.Namespace) -> None:
    from ops.comment.command import Asked, pr_comment

    asked = Asked(
        stacks=tuple(options.stack.split()),
        base=options.base,
        live=options.live,
        refresh=options.refresh,
        files=tuple(options.files),
        out=options.out,
        heading=options.heading,
        commit=options.commit,
        run=options.run,
        expect_none=options.expect_none,
    )
    pr_comment(Project(options.project), asked, _say, _note)


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(prog="python -m ops", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, handler: Callable[[argparse.Namespace], None], text: str
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument("--stack", default="local", help="which Pulumi.STACK.yaml (default: local)")
        made.add_argument("--project", type=_folder, default=PROJECT, help="folder of Pulumi.yaml")
        made.set_defaults(handler=handler)
        return made

    for made in (
        command("up", _up, "bring the stack up, and say how to use it"),
        command("preview", _preview, "which resources `up` would change"),
        command("diff", _diff, "what `up` would change, property by property"),
    ):
        made.add_argument(
            "--refresh", action="store_true", help="compare with the cluster, not with the state"
        )
    made = command("status", _status, "what is ready, what isn't and why, and whether it keeps its promises")
    made.add_argument("--json", action="store_true", help="one object, as docs/status.md describes it")
    made = command("open", _open, "open Kotaemon in the browser through a port-forward")
    made.add_argument("--port", type=int, help="local port (default: 7860, or a free one)")
    made.add_argument("--no-browser", dest="browser", action="store_false", help="only print the address")
    made = command("render", _render, "write the stack's manifests for a GitOps repository")
    made.add_argument("--out", type=Path, required=True, help="folder to write")
    made.add_argument(
        "--secret-store", default="kotaemon", help="the ClusterSecretStore that ExternalSecrets name"
    )
    made = command("policy", _policy, "which rules the stack's resources keep")
    made.add_argument("--json", action="store_true", help="as JSON")
    made = command("diagram", _diagram, "draw each stack's architecture into docs/architecture")
    made.set_defaults(stack=None)
    made = command("down", _down, "delete everything that the stack made")
    made.add_argument("--yes", action="store_true", help="don't ask")
    made = command("init", _init, "ask for what the stack's file lacks, and write it there")
    made.add_argument("--google-project", metavar="ID", help="Google Cloud project")
    made.add_argument("--domain", help="name under which people reach it")
    made.add_argument("--members", help="who may enter: user:ann@example.com, group:team@example.com, …")
    made.add_argument("--region", help="Google Cloud region")
    made.add_argument("--zone", help="Cloud DNS zone that gets the record")
    made.add_argument("--from", dest="source", metavar="STACK", help="what a new stack is a copy of (prod)")
    command("doctor", _doctor, "what this machine lacks, and how to get it")
    made = command(
        "pr-comment",
        _pr_comment,
        "what a change would do to stacks ('dev prod'), as a pull request's comment",
    )
    made.add_argument("--base", default="main", help="the commit to compare with, offline (default: main)")
    made.add_argument("--live", action="store_true", help="preview for real, against the stack's own state")
    made.add_argument("--refresh", action="store_true", help="with --live: compare with what runs")
    made.add_argument(
        "--from", dest="files", nargs="+", type=_folder, default=[], help="render these reports"
    )
    made.add_argument(
        "--out", type=_folder, help="FILE.md, FILE.html or FILE.json (default: Markdown, printed)"
    )
    made.add_argument("--heading", default="What this change would do", help="the comment's first line")
    made.add_argument("--commit", default="", help="which commit it is about")
    made.add_argument("--run", default="", help="address of the run that made it")
    made.add_argument("--expect-none", action="store_true", help="end with 3 where anything would change")
    made = command("pulumi", _pulumi, "any command of the engine's CLI, on this stack")
    made.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments, after --")
    return top


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def main(arguments: list[str] | None = None) -> int:
    """Run one command. The exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    options = parser().parse_args(arguments)
    os.chdir(options.project)
    try:
        options.handler(options)
    except OpsError as error:
        _fail(str(error))
        return 1
    except ReportedError as reported:
        return reported.code
    except KeyboardInterrupt:
        _fail("Interrupted. The same command again goes on from there.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return 1
    return 0


def _fail(message: str) -> None:
    sys.stdout.flush()
    print(f"error: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The Automation API's server threads would keep a cancelled run alive.
    os._exit(code)
