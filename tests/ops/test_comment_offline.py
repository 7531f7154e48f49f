"""What a change would do, on the real engine, with no cluster and no account."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ops.comment.command import Asked, pr_comment
from ops.comment.offline import fork_point, named, offline
from ops.comment.report import Item, Operation, Report
from ops.errors import OpsError, ReportedError
from ops.paths import PROJECT, Project

from .conftest import write_stack


@pytest.fixture
def repository(project: Project) -> Project:
    """The small project, committed."""
    _git(project, "init", "--quiet", "--initial-branch=main")
    _commit(project)
    return project


def _git(project: Project, *arguments: str) -> str:
    who = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    done = subprocess.run(
        ["git", *arguments],
        cwd=project.root,
        env={**os.environ, **who},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def _commit(project: Project) -> str:
    _git(project, "add", "--all")
    _git(
        project,
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        f"on {_git(project, 'branch', '--show-current')}",
    )
    return _git(project, "rev-parse", "HEAD")


def _replace(project: Project, old: str, new: str) -> None:
    text = project.program.read_text()
    assert old in text
    project.program.write_text(text.replace(old, new))


def _one(project: Project, stack: str = "local") -> Report:
    (report,) = offline(project, [stack], "main", lambda _: None)
    return report


def _by_name(report: Report) -> dict[str, Item]:
    assert report.errors == ()
    return {f"{item.kind}/{item.name}": item for item in report.items}


@pytest.mark.parametrize("base", ["nowhere", "--help", "main:__main__.py", ""])
def test_a_base_that_is_no_commit_is_one_clear_line(repository: Project, base: str) -> None:
    with pytest.raises(OpsError, match="is no commit of this repository") as error:
        fork_point(repository, base)
    assert "make pr-comment" in error.value.remedy


def test_a_folder_without_git_is_one_clear_line(project: Project) -> None:
    with pytest.raises(OpsError, match="is no commit"):
        fork_point(project, "main")


def test_a_stack_without_a_file_is_one_clear_line(repository: Project) -> None:
    with pytest.raises(OpsError, match=r"There is no stack prod: Pulumi\.prod\.yaml isn't there"):
        offline(repository, ["prod"], "main", lambda _: None)


def test_what_others_did_on_the_base_meanwhile_is_not_this_changes_doing(repository: Project) -> None:
    """Against the base's newest commit, their work would read as being undone."""
    start = _git(repository, "rev-parse", "HEAD")
    _git(repository, "checkout", "--quiet", "-b", "mine")
    _commit(repository)
    _git(repository, "checkout", "--quiet", "main")
    later = _commit(repository)
    _git(repository, "checkout", "--quiet", "mine")
    assert fork_point(repository, "main") == start != later


@pytest.mark.parametrize(
    ("base", "expected"),
    [("main", "main at 0123456"), ("0123456" + "0" * 33, "0123456"), ("f" * 40, "fffffff at 0123456")],
)
def test_a_commit_is_told_by_its_name_or_in_seven_digits(base: str, expected: str) -> None:
    assert named(base, "0123456" + "0" * 33) == expected


def test_a_form_that_there_is_not_is_refused_before_the_work(project: Project, tmp_path: Path) -> None:
    with pytest.raises(OpsError, match=r"must end with one of: \.md, \.html, \.json"):
        pr_comment(project, Asked(stacks=("local",), base="main", out=tmp_path / "x.pdf"), print, print)


@pytest.mark.parametrize("module", ["scratch", "command"])
def test_a_program_runs_with_its_own_modules(module: str) -> None:
    """Whatever of this tree's `components` were loaded before would be taken for the other commit's."""
    code = f"import ops.comment.{module}, sys; print([one for one in sys.modules if one.startswith('components')])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.sandbox
def test_a_change_of_the_program_and_of_the_stack_is_told(repository: Project) -> None:
    parts = repository.root / "components"
    parts.mkdir()
    (parts / "__init__.py").write_text("REPLICAS = 1\n")
    _replace(repository, "replicas=1,", "replicas=__import__('components').REPLICAS,")
    base = _commit(repository)
    before = _git(repository, "status", "--porcelain"), _git(repository, "worktree", "list")

    assert _one(repository).quiet

    (parts / "__init__.py").write_text("REPLICAS = 3\n")
    write_stack(repository, word="bye", space="elsewhere")
    report = _one(repository)
    items = _by_name(report)
    assert report.against.startswith(f"main at {base[:7]}, offline")
    assert items["Namespace/space"].operation is Operation.REPLACE
    assert items["Namespace/space"].stake == "everything in the namespace, its volumes included"
    (word,) = [one for one in items["ConfigMap/settings"].changed if one.path == "data.word"]
    assert (word.old, word.new) == ("hello", "bye")
    (replicas,) = [one for one in items["Deployment/app"].changed if one.path == "spec.replicas"]
    assert (replicas.old, replicas.new) == ("1", "3")
    assert "RandomPassword/admin" not in items

    _git(repository, "checkout", "--quiet", ".")
    assert (_git(repository, "status", "--porcelain"), _git(repository, "worktree", "list")) == before


@pytest.mark.sandbox
def test_secrets_that_nobody_can_unlock_here_are_no_obstacle_and_are_never_shown(repository: Project) -> None:
    """The stack's file holds them encrypted; a rotated one is a change all the same."""

    def supply(ciphertext: str) -> None:
        text = f"encryptionsalt: v1:abc\nconfig:\n  kotaemon:openaiApiKey:\n    secure: {ciphertext}\n"
        repository.stack_file("local").write_text(text)

    supply("v1:first:AAAA")
    _commit(repository)
    assert _one(repository).quiet
    supply("v1:second:BBBB")
    secret = _by_name(_one(repository))["Secret/admin"]
    assert [(one.path, one.old, one.new) for one in secret.changed] == [("data.key", "[secret]", "[secret]")]


@pytest.mark.sandbox
def test_a_new_stack_is_all_created_and_a_base_that_fails_is_said_to(repository: Project) -> None:
    write_stack(repository, "dev")
    report = _one(repository, "dev")
    assert (
        report.against
        == f"nothing, as main at {_git(repository, 'rev-parse', '--short=7', 'main')} has no stack dev"
    )
    assert {item.operation for item in report.items} == {Operation.CREATE}
    _replace(repository, "name = space.metadata.name", "name = space.metadata.nome")
    assert "nome" in _one(repository, "dev").errors[0]
    _commit(repository)
    failed = _one(repository, "dev")
    assert failed.errors[0].startswith("The program of main at ")
    assert str(repository.root) not in str(failed)


@pytest.mark.sandbox
def test_a_change_of_production_is_told_and_nothing_else(tmp_path: Path) -> None:
    """Google's parts, too, with no account; whatever else were listed, a reviewer would have to read each time."""
    project = Project(tmp_path / "project")
    shutil.copytree(PROJECT / "components", project.root / "components")
    for name in ("Pulumi.yaml", "Pulumi.prod.yaml", "__main__.py"):
        shutil.copy(PROJECT / name, project.root / name)
    _git(project, "init", "--quiet", "--initial-branch=main")
    _commit(project)
    document = yaml.safe_load(project.stack_file("prod").read_text())
    document["config"]["kotaemon:cluster"]["nodePools"]["main"]["maxNodes"] += 3
    document["config"]["kotaemon:postgres"]["tier"] = "db-custom-4-16384"
    document["config"]["kotaemon:app"]["chatSuggestions"] = True
    project.stack_file("prod").write_text(yaml.safe_dump(document))
    items = _by_name(_one(project, "prod"))
    assert {name: [one.path for one in item.changed] for name, item in items.items()} == {
        "Deployment/kotaemon": ["containers[kotaemon].env[KH_FEATURE_CHAT_SUGGESTION]"],
        "container NodePool/kotaemon-prod-main": ["autoscaling.totalMaxNodeCount"],
        "sql DatabaseInstance/kotaemon-prod-postgres": ["settings.tier"],
    }
    assert {item.operation for item in items.values()} == {Operation.UPDATE}


@pytest.mark.sandbox
def test_the_command_writes_what_it_is_asked_for(repository: Project, tmp_path: Path) -> None:
    write_stack(repository, word="bye")
    said: list[str] = []

    def run(**asked: object) -> None:
        pr_comment(repository, Asked(**asked), said.append, lambda _: None)  # type: ignore[arg-type]  # passed on

    saved = tmp_path / "reports" / "local.json"
    run(stacks=("local",), base="main", out=saved)
    run(stacks=("local", "prod"), files=(saved,), out=tmp_path / "page.html")
    assert "<code>bye</code>" in (tmp_path / "page.html").read_text()
    run(stacks=("local", "prod"), files=(saved.parent,))
    assert "| `prod` | ✗ **preview failed** |" in said[0]
    with pytest.raises(ReportedError):
        run(stacks=(), files=(saved,), expect_none=True)
    raw = tmp_path / "dev.json"
    raw.write_text(json.dumps({"steps": [], "changeSummary": {"same": 5}}))
    run(stacks=(), files=(raw,), expect_none=True)
    assert "### `dev`: no changes" in said[-1]
