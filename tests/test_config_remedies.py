"""What a message says to type really mends the file."""

import json
import os
import re
import shlex
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.config import ConfigError
from sandbox import build
from tests.config_cloud_rows import DOMAIN, door, gke, ranges, sql
from tests.config_rows import CERTIFICATE, RECEIVERS, SECRET, Values, Wrong
from tests.test_config import WRONG, project, read, refused

__all__ = ["project"]


def _typed(text: str) -> Any:
    """A value as `pulumi config set --path` stores it: true, false and whole numbers aren't text."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"0|[1-9][0-9]*", text) else text


def _follow(remedy: str, config: Values, secrets: dict[str, str], project: Path) -> None:
    """Do to `config` and `secrets` what the commands of a remedy do to a stack's file."""
    for command in remedy.split(" && "):
        words = shlex.split(command)
        assert words[:2] == ["pulumi", "config"], command
        action, *rest = words[2:]
        secret, path = "--secret" in rest, "--path" in rest
        rest = [word for word in rest if word not in ("--secret", "--path", "--plaintext")]
        if secret:
            assert len(rest) == 1, "a secret's value isn't typed on the command line"
            secrets[rest[0]] = RECEIVERS.get(rest[0], "a-new-" + SECRET)
            config.pop(rest[0], None)
            continue
        if len(rest) == 3 and rest[1] == "<":
            assert rest[2] == "ca.pem"
            rest = [rest[0], CERTIFICATE]
        keys = (
            [next(filter(None, part)) for part in re.findall(r'\["([^"]+)"\]|\[(\d+)\]|([^.\[\]]+)', rest[0])]
            if path
            else [rest[0]]
        )
        target: Any = config
        if keys[0] in secrets:
            if len(keys) == 1:
                del secrets[keys[0]]
                continue
            config[keys[0]] = json.loads(secrets.pop(keys[0]))
        for key, following in pairwise(keys):
            if isinstance(target, list):
                target = target[int(key)]
            else:
                target = target.setdefault(key, [] if following.isdigit() else {})
        last = int(keys[-1]) if isinstance(target, list) else keys[-1]
        if action == "rm":
            del target[last]
        elif isinstance(target, list) and last == len(target):
            target.append(_typed(rest[1]))
        else:
            target[last] = _typed(rest[1]) if path else rest[1]


BY_HAND = "settings with a key"
"""What is wrong there is in another file than the stack's."""


@pytest.mark.parametrize("row", [row for row in WRONG if row.id != BY_HAND], ids=lambda row: row.id)
def test_typing_the_remedies_mends_the_file(row: Wrong, project: Path) -> None:
    """A remedy that doesn't work is worse than none. Some lead to a next question, never back."""
    config: Values = json.loads(json.dumps(row.config))
    secrets = dict(row.secrets)
    seen: list[tuple[str, str]] = []
    for _ in range(6):
        try:
            read(config, secrets, project)
        except ConfigError as error:
            for problem in error.problems:
                assert (problem.key, problem.allowed) not in seen, f"{problem.remedy} didn't help"
                seen.append((problem.key, problem.allowed))
                _follow(problem.remedy, config, secrets, project)
        else:
            return
    pytest.fail(f"still wrong after {len(seen)} remedies: {seen}")


@pytest.mark.parametrize(
    ("config", "remedy"),
    [
        ({"app": {"storage": {"size": 10}}}, "--path app.storage.size 10Gi"),
        ({"app": {"storage": {"size": "2 Gi"}}}, "--path app.storage.size 2Gi"),
        ({"app": {"storage": {"size": "50GB"}}}, "--path app.storage.size 50Gi"),
        ({"namespace": {"name": "My_App "}}, "--path namespace.name my-app"),
        ({"models": {"ollama": {"url": "http://gpu:11434"}}}, "models.ollama.url http://gpu:11434/v1/"),
        ({"models": {"ollama": {"url": "http://gpu:11434/v1"}}}, "models.ollama.url http://gpu:11434/v1/"),
        ({"app": {"image": {"tag": "0.11.3 "}}}, "--path app.image.tag 0.11.3"),
        ({"app": {"image": {"variant": "ful"}}}, "--path app.image.variant full"),
        ({"app": {"image": {"tag": "1.2.3-full"}}}, "--path app.image.tag 1.2.3"),
        (
            {"postgres": {"kind": "external", "host": "tcp://PG.example.com:5432"}},
            "postgres.host pg.example.com",
        ),
        ({"postgres": {"host": "pg.example.com"}}, "--path postgres.kind external"),
        ({"app": {"replicas": 99}}, "--path app.replicas 50"),
        ({"google": {"project": "my-project", "region": "europe-west44"}}, "google.region europe-west4"),
        (gke(zones=["europe-west4-a", "us-central1-b"]), "'cluster.zones[1]' europe-west4-b"),
        (ranges(pods="10.64.1.0/16"), "cluster.network.pods 10.64.0.0/16"),
        (ranges(pods="10.64.0.0/24"), "cluster.network.pods 10.64.0.0/21"),
        (door(domain="https://Chat.Example.org/login"), "edge.domain chat.example.org"),
        (door(auth={"kind": "oauth2"}), "edge.auth.kind oauth2-proxy"),
        (
            door(auth={"kind": "iap", "members": ["Ann@example.org"]}),
            "'edge.auth.members[0]' user:ann@example.org",
        ),
        (door(auth={"kind": "iap", "members": ["example.org"]}), "'edge.auth.members[0]' domain:example.org"),
        (door(auth={"kind": "iap", "members": ["allUsers"]}), "rm --path 'edge.auth.members[0]'"),
        (door(armor={"countries": ["de"]}), "'edge.armor.countries[0]' DE"),
        (sql(tier="db-custom-3-8192"), "postgres.tier db-custom-4-8192"),
        ({"edge": {"domain": DOMAIN}}, "--path edge.kind google"),
        ({"backup": {"retentionDays": 7}}, "--path backup.kind google"),
        ({"cluster": {"location": "us-east1"}}, "--path cluster.kind gke-existing"),
    ],
    ids=str,
)
def test_a_remedy_takes_up_what_was_probably_meant(config: Values, remedy: str) -> None:
    """Nobody wants to read that 10 is wrong and then type somebody else's size."""
    assert refused(config).problems[0].remedy.endswith(remedy)


LISTED = {
    "cluster": {"kind": "gke", "zones": ["a", "b", "c"], "maintenance": {"exclusions": [{"name": "x"}, {"name": "y"}]}},
    "edge": {"auth": {"members": ["allUsers"]}},
}  # fmt: skip


@pytest.mark.sandbox
@pytest.mark.parametrize(
    "remedy",
    [
        "pulumi config set --path 'cluster.zones[1]' europe-west4-b",
        "pulumi config rm --path 'cluster.zones[1]'",
        "pulumi config rm --path 'cluster.zones[2]' && pulumi config rm --path 'cluster.zones[1]'",
        "pulumi config rm --path 'edge.auth.members[0]'",
        "pulumi config set --path 'edge.auth.emailDomains[0]' example.com",
        "pulumi config set --path 'cluster.maintenance.exclusions[1].end' 2026-12-20",
        "pulumi config set --path cluster.maintenance.start 02:00",
        "pulumi config set --path cluster.autopilot false",
        "pulumi config set --path secretManager.openaiApiKey.version 1",
        "pulumi config rm --path cluster.maintenance && pulumi config rm edge",
    ],
)
def test_the_cli_does_to_lists_what_these_tests_do(remedy: str, tmp_path: Path) -> None:
    """An entry that is taken out moves those behind it: so remedies are told from a list's end."""
    (tmp_path / "Pulumi.yaml").write_text("name: kotaemon\nruntime: python\n")
    (tmp_path / "state").mkdir()
    cli = build.ensure(["pulumi"])["pulumi"]
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/state",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PATH": f"{cli.parent}{os.pathsep}{os.environ['PATH']}",
    }

    def run(command: str) -> None:
        subprocess.run(command, shell=True, cwd=tmp_path, env=environment, check=True)  # noqa: S602  as typed

    run("pulumi stack init dev")
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(yaml.safe_dump({"config": {f"kotaemon:{key}": value for key, value in LISTED.items()}}))
    run(remedy)
    config: Values = json.loads(json.dumps(LISTED))
    _follow(remedy, config, {}, tmp_path)
    written = yaml.safe_load(file.read_text())["config"]
    assert {key.removeprefix("kotaemon:"): value for key, value in written.items()} == config
