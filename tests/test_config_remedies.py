"""What a message says to type really mends the file."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from components.config import ConfigError
from tests.test_config import CERTIFICATE, SECRET, WRONG, Values, Wrong, project, read, refused

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
        rest = [word for word in rest if word not in ("--secret", "--path")]
        if secret:
            assert len(rest) == 1, "a secret's value isn't typed on the command line"
            secrets[rest[0]] = "a-new-" + SECRET
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
        for key in keys[:-1]:
            target = target[int(key)] if isinstance(target, list) else target.setdefault(key, {})
        if action == "rm":
            del target[int(keys[-1]) if isinstance(target, list) else keys[-1]]
        elif isinstance(target, list):
            target[int(keys[-1])] = _typed(rest[1])
        else:
            target[keys[-1]] = _typed(rest[1]) if path else rest[1]


BY_HAND = "settings with a key"
"""What is wrong there is in another file than the stack's."""


@pytest.mark.parametrize("row", [row for row in WRONG if row.id != BY_HAND], ids=lambda row: row.id)
def test_typing_the_remedies_mends_the_file(row: Wrong, project: Path) -> None:
    """A remedy that doesn't work is worse than none. Some lead to a next question, never back."""
    config: Values = json.loads(json.dumps(row.config))
    secrets = dict(row.secrets)
    seen: list[tuple[str, str]] = []
    for _ in range(4):
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
    ],
    ids=str,
)
def test_a_remedy_takes_up_what_was_probably_meant(config: Values, remedy: str) -> None:
    """Nobody wants to read that 10 is wrong and then type somebody else's size."""
    assert refused(config).problems[0].remedy.endswith(remedy)
