"""The workflows: they lint, and none can be used to get at the repository or the cloud."""

import re
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import build
from tests.program import ROOT

FOLDER = ROOT / ".github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))
ACTIONS = sorted((FOLDER / "actions").glob("*/action.yml"))
EACH = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")

Json = Mapping[str, Any]


def _load(path: Path) -> Json:
    """The file; `on` stays a word instead of turning into true."""
    loaded = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 it makes nothing but texts
    assert isinstance(loaded, dict)
    return loaded


def _jobs(path: Path) -> Iterator[tuple[str, Json]]:
    yield from _load(path)["jobs"].items()


def _steps(path: Path) -> list[Json]:
    if path.name == "action.yml":
        return list(_load(path)["runs"]["steps"])
    return [step for _, job in _jobs(path) for step in job["steps"]]


@pytest.mark.sandbox
def test_actionlint_finds_nothing() -> None:
    linter = build.ensure(["actionlint"])["actionlint"]
    done = subprocess.run([linter, "-no-color", *WORKFLOWS], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


@pytest.mark.sandbox
def test_actionlint_would_find_something(tmp_path: Path) -> None:
    linter = build.ensure(["actionlint"])["actionlint"]
    broken = tmp_path / "broken.yml"
    broken.write_text(
        WORKFLOWS[0].read_text().replace("runs-on: ubuntu-24.04", "runs-on: ${{ nonsense.here }}")
    )
    assert subprocess.run([linter, broken], capture_output=True).returncode == 1


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_action_is_pinned_by_its_commit(path: Path) -> None:
    """A tag can be moved to other code by whoever gets hold of the action's repository."""
    used = re.findall(r"uses:\s*(.+)", path.read_text(encoding="utf-8"))
    assert used
    for one in used:
        if one.startswith("./"):
            assert (ROOT / one / "action.yml").is_file()
        else:
            assert PINNED.match(one), one


def test_an_action_is_used_in_one_version() -> None:
    versions: dict[str, set[str]] = {}
    for path in [*WORKFLOWS, *ACTIONS]:
        for name, version in re.findall(r"uses:\s*([\w./-]+)@(.+)", path.read_text(encoding="utf-8")):
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@EACH
def test_nothing_is_permitted_but_what_a_job_names(path: Path) -> None:
    assert _load(path)["permissions"] == {}
    for name, job in _jobs(path):
        assert job["permissions"], name


WRITES = {
    ("preview", "live", "id-token"), ("drift", "compare", "id-token"), ("up", "preview", "id-token"),
    ("up", "up", "id-token"), ("comment", "comment", "pull-requests"), ("drift", "report", "issues"),
}  # fmt: skip
"""All that any job may write; an identity token is only for jobs that log in to Google."""


def test_each_right_to_write_is_one_that_was_meant() -> None:
    found = {
        (path.stem, name, right)
        for path in WORKFLOWS
        for name, job in _jobs(path)
        for right, level in job["permissions"].items()
        if level == "write"
    }
    assert found == WRITES


@EACH
def test_an_identity_is_only_where_it_is_used(path: Path) -> None:
    for name, job in _jobs(path):
        logs_in = any(step.get("uses") == "./.github/actions/google" for step in job["steps"])
        assert logs_in is ("id-token" in job["permissions"]), name


@EACH
def test_no_workflow_runs_a_strangers_code_with_rights(path: Path) -> None:
    """pull_request_target, and a checkout of the pull request after workflow_run, have given away many repositories."""
    triggers = _load(path)["on"]
    assert "pull_request_target" not in triggers
    if "workflow_run" in triggers:
        for step in _steps(path):
            if str(step.get("uses", "")).startswith("actions/checkout@"):
                assert not {"ref", "repository"} & set(step["with"])


@EACH
def test_forks_get_neither_secrets_nor_an_identity(path: Path) -> None:
    if "pull_request" not in _load(path)["on"]:
        return
    for name, job in _jobs(path):
        if "secrets." in str(job) or "id-token" in job["permissions"]:
            assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"], name
            assert "dependabot" in job["if"], name


@EACH
def test_every_pull_request_gets_exactly_one_kind_of_preview(path: Path) -> None:
    """The two conditions are each other's opposite; a gap would be a pull request without a comment."""
    jobs = dict(_jobs(path))
    if path.stem != "preview":
        return
    opposite = {"!=": "==", "==": "!=", "&&": "||", "||": "&&"}
    mirrored = re.sub(r"!=|==|&&|\|\|", lambda found: opposite[found[0]], jobs["live"]["if"])
    assert jobs["offline"]["if"] == mirrored


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_nothing_of_an_event_is_pasted_into_a_script(path: Path) -> None:
    """A branch's name, or a title, would run as a command: values reach scripts by the environment."""
    for step in _steps(path):
        assert "${{" not in step.get("run", ""), step


@EACH
def test_no_checkout_leaves_its_token_behind(path: Path) -> None:
    for step in _steps(path):
        if str(step.get("uses", "")).startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false"


@EACH
def test_every_job_ends_by_itself_and_runs_once(path: Path) -> None:
    assert _load(path)["concurrency"]["group"]
    for name, job in _jobs(path):
        assert int(job["timeout-minutes"]) <= 120, name


def test_an_update_is_approved_and_never_cut_off() -> None:
    path = FOLDER / "workflows" / "up.yml"
    jobs = dict(_jobs(path))
    assert set(_load(path)["on"]) == {"workflow_dispatch"}
    assert _load(path)["concurrency"]["cancel-in-progress"] == "false"
    assert jobs["up"]["needs"] == "preview"
    assert jobs["up"]["environment"] == "${{ inputs.stack }}"
    assert "default_branch" in jobs["preview"]["if"]
    deploys = [path.stem for path in WORKFLOWS if "GOOGLE_DEPLOY_SERVICE_ACCOUNT" in path.read_text()]
    assert deploys == ["up"]


@EACH
def test_projects_accounts_and_buckets_are_variables(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"gs://|\.iam\.gserviceaccount\.com|projects/", text)


@EACH
def test_the_work_is_done_by_make(path: Path) -> None:
    """What CI does can be done, and looked at, on any machine. The rest talks to GitHub alone."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for step in _steps(path):
        for target in re.findall(r"\bmake ([a-z-]+)", step.get("run", "")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        assert not re.search(r"\b(python3?|uv|pip|pulumi|gcloud|kubectl)\b", step.get("run", ""))


# --- the scripts that talk to GitHub, with a gh that only notes what it is asked --------------------------------------

GH = """#!/bin/sh
printf '%s\\n' "$*" >> "$GH_LOG"
case "$*" in {answers} esac
"""


@pytest.fixture
def script(tmp_path: Path) -> Any:
    """Runs a step's script; the answers of gh are by what its arguments hold. Gives what gh was asked."""

    def run(workflow: str, step: str, answers: Mapping[str, str], **environment: str) -> list[str]:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        gh = folder / "gh"
        cases = " ".join(f"*'{part}'*) echo '{answer}';;" for part, answer in answers.items())
        gh.write_text(GH.format(answers=cases))
        gh.chmod(gh.stat().st_mode | stat.S_IXUSR)
        (text,) = [
            one["run"] for one in _steps(FOLDER / "workflows" / f"{workflow}.yml") if one.get("name") == step
        ]
        log = tmp_path / "log"
        log.write_text("")
        known = {
            "PATH": f"{folder}:/usr/bin:/bin", "GH_LOG": str(log), "GITHUB_REPOSITORY": "o/r",
            "GITHUB_OUTPUT": str(tmp_path / "output"), "RUN_URL": "https://github.com/o/r/actions/runs/1",
        }  # fmt: skip
        # As GitHub runs it.
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
        subprocess.run(command, cwd=tmp_path, env={**known, **environment}, check=True, timeout=60)
        return log.read_text().splitlines()

    return run


POST = "Post it, or update the one that is there"


def test_the_first_preview_posts_a_comment(script: Any) -> None:
    asked = script("comment", POST, {}, NUMBER="12")
    assert asked[-1] == "api --method POST repos/o/r/issues/12/comments -F body=@out/comment.md --silent"


def test_the_next_one_updates_it_in_place(script: Any) -> None:
    asked = script("comment", POST, {"--paginate": "99"}, NUMBER="12")
    assert asked[-1] == "api --method PATCH repos/o/r/issues/comments/99 -F body=@out/comment.md --silent"


def test_the_comment_is_found_by_the_marker_that_is_written() -> None:
    from ops.comment.markdown import MARKER

    assert MARKER in (FOLDER / "workflows" / "comment.yml").read_text(encoding="utf-8")


def test_a_branch_with_a_hostile_name_is_only_a_name(script: Any, tmp_path: Path) -> None:
    asked = script(
        "comment",
        "Find the pull request",
        {"pulls": "7"},
        HEAD="o:$(touch pwned)';touch pwned",
        HEAD_SHA="a" * 40,
    )
    assert "head=o:$(touch pwned)';touch pwned" in asked[0]
    assert (tmp_path / "output").read_text() == "number=7\n"
    assert not (tmp_path / "pwned").exists()


ISSUE = "Open, update or close the issue"


@pytest.mark.parametrize(
    ("drift", "known", "expected"),
    [
        ("yes", "", "issue create"),
        ("yes", "5", "issue edit 5 --body-file out/drift.md"),
        ("no", "5", "issue close 5"),
        ("no", "", "issue list"),
    ],
)
def test_drift_is_one_issue_that_closes_when_it_is_mended(
    script: Any, drift: str, known: str, expected: str
) -> None:
    asked = script("drift", ISSUE, {"issue list": known} if known else {}, DRIFT=drift)
    assert asked[-1].startswith(expected)
