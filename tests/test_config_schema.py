"""What editors and the engine are told of the configuration agrees with what is accepted."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pulumi import automation as auto

from components.config import PROJECT, SecretName, Settings
from components.config.project_file import config_block, with_config_block
from components.config.reference import reference_page
from components.config.schema import main, stack_schema
from components.config.secret_names import PURPOSE
from sandbox import build
from tests.config_rows import Values, Wrong
from tests.test_config import WRONG, read
from tests.test_config_valid import VALID

ROOT = Path(__file__).resolve().parents[1]
STACKS = sorted(file for file in ROOT.glob("Pulumi.*.yaml"))
CHECKER = jsonschema.Draft7Validator(stack_schema())


def stack_file(config: Values, secrets: Any = ()) -> Values:
    """A stack's file with that configuration."""
    encrypted = {f"{PROJECT}:{name}": {"secure": "v1:abc"} for name in secrets}
    return {
        "encryptionsalt": "v1:abc",
        "config": {**{f"{PROJECT}:{key}": value for key, value in config.items()}, **encrypted},
    }


def complaints(document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in CHECKER.iter_errors(document)]


def test_what_is_written_from_settings_is_current() -> None:
    """`python -m components.config.schema` was run after the last change."""
    assert main(["--check"], ROOT) == 0


def test_a_stale_file_is_found_and_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    assert main(["--check"], tmp_path) == 1
    assert "stack.schema.json is stale" in capsys.readouterr().err
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    page = tmp_path / "docs" / "configuration.md"
    page.write_text(page.read_text() + "by hand\n")
    assert main(["--check"], tmp_path) == 1


def test_the_schema_is_a_schema_without_references() -> None:
    """Draft 7 ignores what stands beside a reference: descriptions would be lost."""
    jsonschema.Draft7Validator.check_schema(stack_schema())
    assert "$ref" not in json.dumps(stack_schema())


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.name)
def test_the_stacks_of_this_project_pass(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=stack.schema.json\n")
    assert complaints(yaml.safe_load(text)) == []


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.name)
def test_the_stacks_of_this_project_are_accepted(file: Path) -> None:
    config = yaml.safe_load(file.read_text(encoding="utf-8")).get("config") or {}
    mine = {
        key.removeprefix(f"{PROJECT}:"): value for key, value in config.items() if key.startswith(PROJECT)
    }
    secrets = {
        key: "some-secret" for key, value in mine.items() if isinstance(value, dict) and "secure" in value
    }
    read({key: value for key, value in mine.items() if key not in secrets}, secrets, ROOT)


@pytest.mark.parametrize("case", VALID)
def test_the_schema_accepts_what_is_accepted(case: str) -> None:
    assert complaints(stack_file(*VALID[case])) == []


@pytest.mark.parametrize("row", [row for row in WRONG if row.in_schema], ids=lambda row: row.id)
def test_the_schema_refuses_what_is_refused(row: Wrong) -> None:
    assert complaints(stack_file(row.config, row.secrets))


@pytest.mark.parametrize("row", [row for row in WRONG if not row.in_schema], ids=lambda row: row.id)
def test_the_table_says_truly_what_a_schema_cannot_see(row: Wrong) -> None:
    """Where the schema learns to see it, the row says so."""
    config = {key: value for key, value in row.config.items() if key not in row.secrets}
    known = {name for name in row.secrets if name in list(SecretName)}
    assert complaints(stack_file(config, known)) == []


@pytest.mark.parametrize(
    "document",
    [
        {"config": {"kotaemon:nope": 1}},
        {"config": {"app": {"replicas": 1}}},
        {"config": {"kotaemon:openaiApiKey": {"secure": ""}}},
        {"config": {"kotaemon:openaiApiKey": {"secure": "v1", "plain": "x"}}},
        {"config": {"kubernetes:context": 3}},
        {"config": {"gcp:project": "my-project"}},
        {"konfig": {}},
    ],
    ids=str,
)
def test_what_only_the_whole_file_shows_is_refused(document: Values) -> None:
    """A key without a namespace is the project's for Pulumi and silently replaces the one with it."""
    assert complaints(document)


def test_other_namespaces_are_left_alone() -> None:
    assert not complaints(
        {
            "config": {
                "kubernetes:context": "kind-kind",
                "kubernetes:kubeconfig": {"secure": "v1:abc"},
                "pulumi:disable-default-providers": ["*"],
            },
            "secretsprovider": "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k",
            "encryptedkey": "abc",
            "environment": ["kotaemon/prod"],
        }
    )


def test_every_secret_is_explained_to_editors() -> None:
    keys = stack_schema()["properties"]["config"]["properties"]
    assert set(PURPOSE) == set(SecretName)
    for name in SecretName:
        assert keys[f"{PROJECT}:{name}"]["description"].startswith(PURPOSE[name])


def test_every_key_has_a_row_in_the_reference() -> None:
    page = reference_page()
    for name in SecretName:
        assert f"| `{name}` |" in page
    for path in ("production", "app.image.tag", "postgres.host", "models.ollama.url", "namespace.quota.pods"):
        assert f"| `{path}` |" in page
    assert "None" not in page
    for line in page.splitlines():
        if line.startswith("| `") and line.count("|") > 3:
            assert len(re.findall(r"(?<!\\)\|", line)) == 5, line


# Pulumi.yaml -----------------------------------------------------------------------------------------


def declared() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    return found


def test_the_project_file_declares_each_key_with_its_meaning() -> None:
    with_default = [info for info in Settings.model_fields.values() if info.default is not None]
    assert list(declared()) == [info.alias for info in with_default]
    for info in with_default:
        assert info.description is not None
        assert declared()[info.alias or ""]["description"] == " ".join(info.description.split())


def test_the_project_file_has_the_defaults_of_settings() -> None:
    """The engine hands them to the program as if the stack's file had them."""
    assert read({key: entry["default"] for key, entry in declared().items()}) == Settings()


def test_the_rest_of_the_project_file_stays_as_it_is() -> None:
    before = "name: kotaemon\nconfig:\n  a:\n    default: 1\n# a remark\nmain: .\n"
    assert with_config_block(before) == "name: kotaemon\n# a remark\nmain: .\n" + config_block()
    assert with_config_block(with_config_block(before)) == with_config_block(before)


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("config: {}\n", Settings()),
        (
            "config:\n  kotaemon:production: true\n  kotaemon:vectorDb: {replicas: 3}\n",
            Settings.model_validate({"production": True, "vectorDb": {"replicas": 3}}),
        ),
    ],
    ids=["nothing said", "a part of a section said"],
)
def test_the_engine_accepts_the_project_file(tmp_path: Path, config: str, expected: Settings) -> None:
    """A declared key without a default would be required, and a default isn't merged with what is said."""
    found: list[Settings] = []

    def program() -> None:
        from components.config import load

        found.append(load().settings)

    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    (tmp_path / "Pulumi.test.yaml").write_text(config)
    (tmp_path / "state").mkdir()
    stack = auto.create_or_select_stack(
        "test",
        PROJECT,
        program,
        opts=auto.LocalWorkspaceOptions(
            work_dir=str(tmp_path),
            pulumi_command=auto.PulumiCommand(str(build.ensure(["pulumi"])["pulumi"].parents[1])),
            env_vars={
                "PULUMI_BACKEND_URL": f"file://{tmp_path}/state",
                "PULUMI_CONFIG_PASSPHRASE": "test",
                "PULUMI_SKIP_UPDATE_CHECK": "1",
                "PULUMI_HOME": str(tmp_path / "home"),
            },
        ),
    )
    stack.preview()
    assert found == [expected]
