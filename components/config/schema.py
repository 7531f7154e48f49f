"""The JSON Schema of a stack's file, for editors, and what else is written from Settings.

`python -m components.config.schema` writes stack.schema.json, docs/configuration.md and the `config`
block of Pulumi.yaml; with `--check` it writes nothing and exits 1 where one of them is stale. A stack's
file names the schema in its first line: `# yaml-language-server: $schema=stack.schema.json`.

Draft 7, with every reference resolved: that is what the YAML language server supports best.
"""

import json
import sys
from pathlib import Path
from typing import Any

from .project_file import with_config_block
from .reference import reference_page
from .secret_names import PURPOSE, SecretName
from .settings import Settings

Json = dict[str, Any]

_SECURE: Json = {
    "type": "object",
    "required": ["secure"],
    "properties": {"secure": {"type": "string", "minLength": 1}},
    "additionalProperties": False,
}
_SETTABLE = {"type": ["string", "boolean", "number", "object", "array"]}


def stack_schema() -> Json:
    """The schema of a whole `Pulumi.<stack>.yaml`."""
    raw = Settings.model_json_schema(by_alias=True)
    sections = _resolved(raw, raw["$defs"])["properties"]
    config: Json = {f"kotaemon:{key}": _from_the_command_line(schema) for key, schema in sections.items()}
    for key in ("kotaemon:secrets", "kotaemon:secretManager"):
        config[key] = _named_secrets(config[key])
    for name in SecretName:
        config[f"kotaemon:{name}"] = {
            **_SECURE,
            "description": f"{PURPOSE[name]}. Set it with: pulumi config set --secret {name}",
        }
    config["kubernetes:context"] = {
        "type": "string",
        "minLength": 1,
        "description": "The context of the kubeconfig whose cluster this stack is for.",
    }
    config["kubernetes:kubeconfig"] = {
        "description": "Path of the kubeconfig; its content only as a secret.",
        "anyOf": [{"type": "string", "minLength": 1}, _SECURE],
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A stack of Kotaemon",
        "description": "One environment's settings. Written from components/config; don't edit.",
        "type": "object",
        "properties": {
            "config": {
                "description": "What this stack is.",
                "type": ["object", "null"],
                "properties": config,
                "patternProperties": {
                    "^(?!kotaemon:|gcp:)[A-Za-z0-9_.-]+:": _SETTABLE,
                },
                "additionalProperties": False,
            },
            "environment": {
                "description": "Pulumi ESC environments to take configuration from.",
                "type": ["array", "object"],
            },
            "secretsprovider": {"type": "string", "description": "What encrypts the secrets of this file."},
            "encryptedkey": {"type": "string", "description": "Written by Pulumi."},
            "encryptionsalt": {"type": "string", "description": "Written by Pulumi."},
        },
        "additionalProperties": False,
    }


def _resolved(schema: Any, definitions: Json) -> Any:
    """`schema` in draft 7's words: no references, no titles, unions by their `kind`."""
    if isinstance(schema, list):
        return [_resolved(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = definitions[schema["$ref"].removeprefix("#/$defs/")]
        return _resolved({**target, **{k: v for k, v in schema.items() if k != "$ref"}}, definitions)
    if "discriminator" in schema:
        return _by_kind(schema, definitions)
    if "anyOf" in schema:
        return _or_null(schema, definitions)
    found: Json = {}
    for key, value in schema.items():
        if key in ("title", "$defs") or (key == "default" and value is None):
            continue
        if key in ("properties", "patternProperties"):
            found[key] = {name: _resolved(part, definitions) for name, part in value.items()}
        else:
            found[key] = _without_nulls(value) if key == "default" else _resolved(value, definitions)
    if "patternProperties" in found:
        found["additionalProperties"] = False
    return found


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


def _by_kind(schema: Json, definitions: Json) -> Json:
    """One `if` for each kind: an error then names the key that is wrong, not the whole union."""
    usual, mapping = schema.get("default", {}).get("kind"), schema["discriminator"]["mapping"]
    kinds = {
        kind: _resolved({"$ref": mapping[kind]}, definitions)
        for kind in sorted(mapping, key=lambda kind: (kind != usual, kind))
    }
    described = "\n".join(f"- {kind}: {member['description']}" for kind, member in kinds.items())
    chosen = {"default": usual} if usual else {}
    return {
        "type": "object",
        "description": schema["description"],
        **({"default": {"kind": usual}} if usual else {"required": ["kind"]}),
        "properties": {"kind": {"enum": list(kinds), **chosen, "description": described}},
        "allOf": [
            {
                "if": {
                    "properties": {"kind": {"const": kind}},
                    **({} if kind == usual else {"required": ["kind"]}),
                },
                "then": {**member, "required": [key for key in member.get("required", []) if key != "kind"]},
            }
            for kind, member in kinds.items()
        ],
    }


def _or_null(schema: Json, definitions: Json) -> Json:
    """Pydantic's `anyOf: [x, null]` as a list of types, which editors explain better."""
    [member] = [part for part in schema["anyOf"] if part != {"type": "null"}]
    inner: Json = _resolved(
        {**member, **{key: value for key, value in schema.items() if key != "anyOf"}}, definitions
    )
    inner["type"] = [*([inner["type"]] if isinstance(inner["type"], str) else inner["type"]), "null"]
    if "enum" in inner:
        inner["enum"] = [*inner["enum"], None]
    return inner


def _named_secrets(schema: Json) -> Json:
    """Each existing Secret under its name, so that an editor offers the names and says what they are for."""
    reference = schema["additionalProperties"]
    return {
        "type": "object",
        "description": schema["description"],
        "default": {},
        "properties": {name: {**reference, "description": PURPOSE[name]} for name in SecretName},
        "additionalProperties": False,
    }


def _from_the_command_line(schema: Json) -> Json:
    """`pulumi config set production true` writes the text "true"."""
    if schema.get("type") == "boolean":
        return {**schema, "type": ["boolean", "string"], "enum": [True, False, "true", "false"]}
    return schema


def main(arguments: list[str], root: Path = Path()) -> int:
    """Write the files that are made from Settings, or with --check tell which are stale."""
    project = root / "Pulumi.yaml"
    files = {
        root / "stack.schema.json": json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n",
        root / "docs" / "configuration.md": reference_page(),
        project: with_config_block(project.read_text(encoding="utf-8")),
    }
    stale = [
        file for file, text in files.items() if not file.is_file() or file.read_text(encoding="utf-8") != text
    ]
    if "--check" in arguments:
        for file in stale:
            print(f"{file} is stale; type: python -m components.config.schema", file=sys.stderr)
        return 1 if stale else 0
    for file in stale:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(files[file], encoding="utf-8")
        print(f"wrote {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
