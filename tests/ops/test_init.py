"""make init: what a stack's file lacks is asked for, and nothing else in it changes."""

import difflib
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components.config.edge import EXAMPLE_DOMAIN
from components.config.google import EXAMPLE_PROJECT
from ops import __main__ as main
from ops import init, placeholders
from ops.backend import Backend
from ops.clusters import Cluster, Source
from ops.engine import Engine, Kind
from ops.errors import OpsError
from ops.paths import Project
from ops.preview import preview
from ops.questions import Given
from ops.stack import Session
from ops.up import up
from ops.yaml_edit import with_value, without_keys
from tests.ops.test_machine import make

PROD = f"""\
# yaml-language-server: $schema=stack.schema.json
#
# Production.   Every choice has its reason.
encryptionsalt: v1:abc=
config:
  # The project.
  kotaemon:google:
    project: {EXAMPLE_PROJECT} # yours: make init STACK=prod
    region: "europe-west4"   # can't be changed later

  kotaemon:production: true
  kotaemon:cluster: {{ kind: gke,  releaseChannel: regular }}  # regional
  kotaemon:backup: {{kind: google}}

  kotaemon:edge:
    kind: google
    domain: {EXAMPLE_DOMAIN}
    # Who signs people in.
    auth: {{ kind: iap, members: [] }} # nobody yet
    armor: {{ requestsPerMinute: 1200 }}
  kotaemon:openaiApiKey:
    secure: v1:abcdef
  # The end.
"""
REAL = Engine(Kind.PATH, Path("/no/such/pulumi"), "3.272.0")
"""An engine with the official plugins."""
OURS = Given(project="my-project", domain="chat.example.org", members="")


@pytest.fixture(autouse=True)
def _no_gcloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def prod(project: Project) -> Path:
    """A production stack's file, as it is committed."""
    file = project.stack_file("prod")
    file.write_text(PROD)
    return file


def answering(*answers: str) -> tuple[Callable[[str], str], list[str]]:
    """Somebody at a terminal, and what was asked."""
    left, asked = iter(answers), []

    def ask(question: str) -> str:
        asked.append(question)
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    return ask, asked


def run(
    project: Project,
    given: Given,
    ask: Callable[[str], str] | None = None,
    stack: str = "prod",
    source: str | None = None,
) -> list[str]:
    said: list[str] = []
    init.init(project, stack, given, source, ask, said.append)
    return said


def changes(before: str, after: str) -> list[str]:
    return [
        line
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
        if line[0] in "+-" and line[:3] not in ("+++", "---")
    ]


def test_only_the_values_change(project: Project, prod: Path) -> None:
    """The file explains each choice; a library that writes it anew would lose how."""
    run(project, Given(project="my-project", domain="chat.example.org", members="user:ann@example.org"))
    assert changes(PROD, prod.read_text()) == [
        f"-    project: {EXAMPLE_PROJECT} # yours: make init STACK=prod",
        "+    project: my-project # yours: make init STACK=prod",
        f"-    domain: {EXAMPLE_DOMAIN}",
        "+    domain: chat.example.org",
        "-    auth: { kind: iap, members: [] } # nobody yet",
        "+    auth: { kind: iap, members: ['user:ann@example.org'] } # nobody yet",
    ]


def test_it_says_what_was_written_and_what_comes_next(project: Project, prod: Path) -> None:
    said = run(project, OURS)
    assert said == [
        "Completed Pulumi.prod.yaml:",
        "  kotaemon:google.project = my-project",
        "  kotaemon:edge.domain = chat.example.org",
        "  kotaemon:edge.auth.members: nobody may enter yet (make init STACK=prod MEMBERS=…)",
        "Next: make doctor STACK=prod, make preview STACK=prod, make up STACK=prod",
    ]


def test_that_nobody_may_enter_yet_is_told_where_nobody_was_asked(project: Project, prod: Path) -> None:
    said = run(project, Given(project="my-project", domain="chat.example.org"))
    assert "  kotaemon:edge.auth.members: nobody may enter yet (make init STACK=prod MEMBERS=…)" in said


def test_the_same_again_changes_nothing(project: Project, prod: Path) -> None:
    run(project, OURS)
    before = (prod.read_bytes(), prod.stat().st_mtime_ns)
    assert "Pulumi.prod.yaml is as it was." in run(project, OURS)
    assert "Pulumi.prod.yaml is as it was." in run(project, Given())
    assert (prod.read_bytes(), prod.stat().st_mtime_ns) == before


def test_what_is_missing_is_asked_for_and_what_is_there_is_not(project: Project, prod: Path) -> None:
    ask, asked = answering(
        "my-project", "", "chat.example.org", "example-org", "group:team@example.org, user:b@example.org"
    )
    run(project, Given(), ask)
    config = yaml.safe_load(prod.read_text())["config"]
    assert config["kotaemon:google"] == {"project": "my-project", "region": "europe-west4"}
    assert config["kotaemon:edge"]["domain"] == "chat.example.org"
    assert config["kotaemon:edge"]["dns"] == {"zone": "example-org"}
    assert config["kotaemon:edge"]["auth"]["members"] == ["group:team@example.org", "user:b@example.org"]
    assert [question.split()[0] for question in asked] == ["Google", "Region,", "Domain", "Cloud", "Who"]
    ask, asked = answering()
    run(project, Given(), ask)
    assert asked == []


def test_a_wrong_answer_is_told_and_asked_again(project: Project, prod: Path) -> None:
    ask, asked = answering(
        "My Project", "my-project", "", "https://chat.example.org", "chat.example.org", "", "-"
    )
    said = run(project, Given(), ask)
    assert said[0].startswith("  My Project must be a project's id (not its name or number)")
    assert said[1].startswith("  https://chat.example.org must be a lower-case domain name")
    assert "my-project" in prod.read_text()
    assert len(asked) == 7


def test_what_is_typed_behind_make_is_not_asked_for(project: Project, prod: Path) -> None:
    ask, asked = answering("chat.example.org")
    run(project, Given(project="my-project"), ask)
    assert [question.split()[0] for question in asked] == ["Domain"]


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        (Given(), "PROJECT=… DOMAIN=…"),
        (Given(project="my-project"), "PROJECT=my-project DOMAIN=…"),
        (
            Given(domain="a.example.org", members="user:a@x.org user:b@x.org"),
            "DOMAIN=a.example.org MEMBERS='user:a@x.org user:b@x.org' PROJECT=…",
        ),
    ],
)
def test_where_nobody_can_be_asked_the_flag_is_named(
    project: Project, prod: Path, given: Given, flag: str
) -> None:
    """In CI, or behind a pipe, a question would hang. All flags at once, and what was typed isn't to be typed anew."""
    with pytest.raises(OpsError, match=r"nobody can be asked") as refused:
        run(project, given)
    assert str(refused.value).endswith(f"make init STACK=prod {flag}")
    assert prod.read_text() == PROD


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Given(project="1234"), r"PROJECT: 1234 must be a project's id"),
        (Given(project="my-project", domain="kotaemon"), r"DOMAIN: kotaemon must be a lower-case domain name"),
        (Given(project="my-project", domain="a.internal"), r"DOMAIN: .*nobody issues a certificate"),
        (Given(project="my-project", region="mars-north1"), r"REGION: .*is not a region of Google Cloud"),
        (Given(project="my-project", domain="a.example.org", members="allUsers"), r"MEMBERS: .*would let everybody in"),
        (Given(project="my-project", domain="a.example.org", zone="example.org"), r"ZONE: .*not its domain"),
    ],
)  # fmt: skip
def test_a_value_that_the_settings_refuse_is_not_written(
    project: Project, prod: Path, given: Given, says: str
) -> None:
    with pytest.raises(OpsError, match=says):
        run(project, given)
    assert prod.read_text() == PROD


def test_everything_that_is_refused_is_told_at_once(project: Project, prod: Path) -> None:
    with pytest.raises(OpsError, match=r"PROJECT: (?s:.*)REGION: (?s:.*)DOMAIN: (?s:.*)MEMBERS: "):
        run(project, Given(project="1234", region="mars-north1", domain="kotaemon", members="bob"))
    assert prod.read_text() == PROD


@pytest.mark.parametrize(
    ("zones", "region", "moved"),
    [
        ("europe-west4-a", "us-central1", "us-central1-a"),
        ("europe-west4-a", "europe-west1", "europe-west1-b"),
        ("europe-west4-a, europe-west4-b, europe-west4-c", "us-east1",
         "us-east1-b, us-east1-c, us-east1-d"),
    ],
)  # fmt: skip
def test_zones_follow_the_region(project: Project, prod: Path, zones: str, region: str, moved: str) -> None:
    """Project and domain are all that somebody must set: another region alone must leave a file that is right."""
    prod.write_text(PROD.replace("kind: gke,", f"kind: gke, zones: [{zones}],").replace("true", "false"))
    said = run(project, replace(OURS, region=region))
    assert f"  kotaemon:cluster.zones = {moved} (those of the region)" in said
    assert not any(line.startswith("Still wrong") for line in said)
    cluster = yaml.safe_load(prod.read_text())["config"]["kotaemon:cluster"]
    assert cluster["zones"] == moved.split(", ")


def test_nothing_is_written_when_somebody_leaves(project: Project, prod: Path) -> None:
    ask, _ = answering("my-project", "")
    with pytest.raises(OpsError, match="Nothing was written"):
        run(project, Given(), ask)
    assert prod.read_text() == PROD


def test_a_failed_write_leaves_the_file(
    project: Project, prod: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        run(project, OURS)
    assert prod.read_text() == PROD
    assert not [file for file in prod.parent.iterdir() if file.name.startswith(".")]


def test_the_file_keeps_its_mode_and_its_line_ends(project: Project, prod: Path) -> None:
    prod.write_bytes(PROD.replace("\n", "\r\n").encode())
    prod.chmod(0o640)
    run(project, OURS)
    assert stat.S_IMODE(prod.stat().st_mode) == 0o640
    assert prod.read_bytes().count(b"\r\n") == PROD.count("\n")


def test_other_mistakes_in_the_file_are_told_and_keep_nobody_from_going_on(
    project: Project, prod: Path
) -> None:
    prod.write_text(PROD.replace("{ requestsPerMinute: 1200 }", "{ requestsPerMinute: 1 }"))
    said = run(project, OURS)
    assert "  kotaemon:edge.armor.requestsPerMinute must be a whole number from 60 to 100000" in said
    assert "my-project" in prod.read_text()


@pytest.mark.parametrize("account", ["ann@example.org", "ci@my-project.iam.gserviceaccount.com"])
def test_whoever_is_logged_in_is_proposed_as_the_one_who_may_enter(
    project: Project, prod: Path, tmp_path: Path, account: str
) -> None:
    gcloud = tmp_path / "gcloud"
    gcloud.write_text(f"#!/bin/sh\necho {account}\n")
    gcloud.chmod(0o755)
    kind = "serviceAccount" if "gserviceaccount" in account else "user"
    ask, asked = answering("my-project", "", "chat.example.org", "", "")
    run(project, Given(), ask)
    assert f"[{kind}:{account}]" in asked[-1]
    assert yaml.safe_load(prod.read_text())["config"]["kotaemon:edge"]["auth"]["members"] == [
        f"{kind}:{account}"
    ]


# A new stack -----------------------------------------------------------------------------------------


def test_a_new_stack_is_a_copy_without_secrets(project: Project, prod: Path) -> None:
    """They are encrypted with the salt of the other one, and are another environment's."""
    prod.write_text(PROD.replace(EXAMPLE_PROJECT, "our-project"))
    said = run(project, Given(domain="staging.example.org"), stack="staging")
    text = project.stack_file("staging").read_text()
    assert said[0] == "Pulumi.staging.yaml is new: a copy of Pulumi.prod.yaml."
    assert "STACK=staging ARGS='config set --secret openaiApiKey'" in said[1]
    assert changes(prod.read_text(), text) == [
        "-encryptionsalt: v1:abc=",
        f"-    domain: {EXAMPLE_DOMAIN}",
        "+    domain: staging.example.org",
        "-  kotaemon:openaiApiKey:",
        "-    secure: v1:abcdef",
    ]


def test_a_new_stack_needs_a_domain_of_its_own(project: Project, prod: Path) -> None:
    prod.write_text(PROD.replace(EXAMPLE_PROJECT, "our-project").replace(EXAMPLE_DOMAIN, "chat.example.org"))
    with pytest.raises(OpsError, match=r"DOMAIN=…"):
        run(project, Given(), stack="staging")
    assert not project.stack_file("staging").exists()
    ask, asked = answering("", "", "staging.example.org", "", "-")
    run(project, Given(), ask, stack="staging")
    assert asked[0] == "Google Cloud project (its id) [our-project]: "


def test_another_stack_can_be_copied(project: Project, prod: Path) -> None:
    project.stack_file("dev").write_text(PROD.replace("true", "false"))
    run(project, OURS, stack="trial", source="dev")
    assert yaml.safe_load(project.stack_file("trial").read_text())["config"]["kotaemon:production"] is False


@pytest.mark.parametrize(
    ("stack", "given", "says"),
    [
        ("local", OURS, "local takes no project"),
        ("../x", OURS, "takes no project"),
        (
            "plain",
            Given(project="my-project"),
            "PROJECT is for Google Cloud or a front door that stack plain hasn't",
        ),
        ("plain", Given(zone="a"), "ZONE is for"),
    ],
)
def test_what_makes_no_sense_is_refused(
    project: Project, prod: Path, stack: str, given: Given, says: str
) -> None:
    project.stack_file("plain").write_text("config: {}\n")
    with pytest.raises(OpsError, match=says):
        run(project, given, stack=stack)
    assert project.stack_file("plain").read_text() == "config: {}\n"


def test_there_must_be_something_to_copy(project: Project) -> None:
    with pytest.raises(
        OpsError, match=r"neither Pulumi.staging.yaml nor Pulumi.prod.yaml(?s:.*)FROM=NAME, one of: local"
    ):
        run(project, OURS, stack="staging")


# The examples ----------------------------------------------------------------------------------------


def test_the_examples_are_those_of_the_settings() -> None:
    assert set(placeholders.EXAMPLES.values()) == {EXAMPLE_PROJECT, EXAMPLE_DOMAIN}


def test_an_example_may_not_reach_the_real_google(project: Project, prod: Path) -> None:
    """Somebody else's project would be asked for, and a certificate for a domain that is nobody's."""
    config = yaml.safe_load(prod.read_text())["config"]
    with pytest.raises(OpsError) as caught:
        placeholders.refuse(REAL, "prod", config)
    assert str(caught.value) == (
        "Pulumi.prod.yaml still has the example of kotaemon:google.project and kotaemon:edge.domain; "
        "yours: make init STACK=prod"
    )
    run(project, OURS)
    placeholders.refuse(REAL, "prod", yaml.safe_load(prod.read_text())["config"])


def test_a_stand_in_previews_with_the_examples(project: Project, prod: Path, tmp_path: Path) -> None:
    """So that the committed stacks can be looked at without an account."""
    config = yaml.safe_load(prod.read_text())["config"]
    (tmp_path / "pulumi-resource-kubernetes").touch()
    with pytest.raises(OpsError, match="make init STACK=prod"):
        placeholders.refuse(replace(REAL, stand_ins=tmp_path), "prod", config)
    (tmp_path / "pulumi-resource-gcp").touch()
    placeholders.refuse(replace(REAL, stand_ins=tmp_path), "prod", config)
    placeholders.refuse(REAL, "local", {"kotaemon:edge": {"kind": "gateway", "domain": EXAMPLE_DOMAIN}})


@pytest.mark.parametrize("command", ["up", "preview"])
def test_no_engine_is_started_for_an_example(project: Project, prod: Path, command: str) -> None:
    config = yaml.safe_load(prod.read_text())["config"]
    session = Session(project, "prod", config, REAL, Cluster(Source.PROGRAM), Backend("file:///x"), {})
    commands: dict[str, Callable[[], None]] = {
        "up": lambda: up(session, print),
        "preview": lambda: preview(session, print, refresh=False, properties=False),
    }
    with pytest.raises(OpsError, match=r"still has the example(?s:.*)make init STACK=prod"):
        commands[command]()


def test_the_stacks_of_this_project_can_be_set_up(tmp_path: Path) -> None:
    """Whatever is committed with an example in it is completed, and only there."""
    for file in Project().root.glob("Pulumi.*.yaml"):
        stack, text = file.name.split(".")[1], file.read_text()
        if not placeholders.examples(yaml.safe_load(text)["config"]):
            continue
        (tmp_path / file.name).write_text(text)
        run(Project(tmp_path), OURS, stack=stack)
        found = changes(text, (tmp_path / file.name).read_text())
        removed = [line for line in found if line.startswith("-")]
        assert all(
            any(word in line for word in (EXAMPLE_PROJECT, EXAMPLE_DOMAIN, "members")) for line in removed
        )
        assert len(removed) <= 3


# The editor ------------------------------------------------------------------------------------------

BLOCK = "config:\n  a:\n    list:\n      - x # why\n      # a remark\n      - y\n  # tail\n  b: 1\n"


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"),
    [
        ("config:\n  a: 'x' # c\n", ["a"], "y", "config:\n  a: y # c\n"),
        ("config:\n  a: x\n", ["a"], "true", "config:\n  a: 'true'\n"),
        ("config:\n  a:\n  b: 1\n", ["a"], "x", "config:\n  a: x\n  b: 1\n"),
        ("config:\n  a: {}\n", ["a", "b"], "x", "config:\n  a: {b: x}\n"),
        ("config:\n  a: { c: 1 } # d\n", ["a", "b"], "x", "config:\n  a: { c: 1, b: x } # d\n"),
        ("config:\n  a:\n    c: 1 # d\n  # e\n", ["a", "b", "x"], "y",
         "config:\n  a:\n    c: 1 # d\n    b: {x: y}\n  # e\n"),
        ("config:\n  a: 1", ["b"], "x", "config:\n  a: 1\n  b: x"),
        (BLOCK, ["a", "list"], ["z", "w"], "config:\n  a:\n    list:\n      - z\n      - w\n  # tail\n  b: 1\n"),
        (BLOCK, ["a", "list"], [], "config:\n  a:\n    list:\n      []\n  # tail\n  b: 1\n"),
        ("config:\n  a: [x,\n    y] # c\n", ["a"], ["z"], "config:\n  a: [z] # c\n"),
    ],
)  # fmt: skip
def test_one_value_is_set(text: str, path: Sequence[str], value: str | list[str], expected: str) -> None:
    assert with_value(text, ["config", *path], value) == expected
    assert with_value(expected, ["config", *path], value) == expected


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("config:\n  a: &x {b: 1}\n  c: *x\n", ["c", "b"]),  # it would change both
        ("config:\n  a: {b: 1}\n", ["a"]),
        ("config:\n  a: 1\n", ["a", "b"]),
        ("config: {a: {b: 1\n  }\n }\n", ["a", "b", "c"]),
    ],
)
def test_what_cannot_be_set_safely_is_refused(text: str, path: Sequence[str]) -> None:
    with pytest.raises(OpsError, match="can't be set in safely"):
        with_value(text, ["config", *path], "x")


def test_keys_go_with_their_whole_value() -> None:
    text = "a:\n  b:\n    secure: x\n    # of c\n  c: {secure: y,\n      z: 1}\n  d: 1\n"
    assert without_keys(text, "a", ["b", "c"]) == "a:\n    # of c\n  d: 1\n"


# The command -----------------------------------------------------------------------------------------


def test_the_command_asks_nobody_where_there_is_no_terminal(
    project: Project, prod: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["init", "--project", str(project.root), "--stack", "prod"]) == 1
    assert "make init STACK=prod PROJECT=…" in capsys.readouterr().err
    typed = ["--google-project", "my-project", "--domain", "chat.example.org"]
    assert main.main(["init", "--project", str(project.root), "--stack", "prod", *typed]) == 0
    assert "my-project" in prod.read_text()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["STACK=prod"], "-m ops init --stack prod"),
        (["STACK=prod", "PROJECT=p", "DOMAIN=d", "MEMBERS=a b", "REGION=r", "ZONE=z", "FROM=dev"],
         "-m ops init --stack prod --google-project 'p' --domain 'd' --members 'a b' --region 'r' --zone 'z' "
         "--from 'dev'"),
        (["STACK=prod", "MEMBERS="], "-m ops init --stack prod --members ''"),
        (["PROJECT=p"], "-m ops init --stack local --google-project 'p'"),
    ],
)  # fmt: skip
def test_variables_behind_make_reach_init(arguments: list[str], expected: str, real_path: None) -> None:
    assert " ".join(make("--dry-run", "init", *arguments).stdout.split()).endswith(expected)


def test_make_init_alone_only_installs(real_path: None) -> None:
    """As it always did; and a PROJECT that stands in the environment for something else is left alone."""
    assert "ops init" not in make("--dry-run", "init", PROJECT="other", DOMAIN="other").stdout
    assert "other" not in make("--dry-run", "init", "STACK=prod", PROJECT="other").stdout


@pytest.fixture
def real_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """make is on it."""
    with monkeypatch.context() as changed:
        changed.setenv("PATH", "/usr/local/bin:/usr/bin:/bin")
        yield
