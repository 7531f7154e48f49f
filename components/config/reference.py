"""docs/configuration.md: every key of a stack's file, written from Settings."""

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .locate import entries, members, section_of, tags, texts
from .secret_names import PURPOSE, SecretName
from .settings import Settings

_ITS_OWN = object()
"""For a default that the field itself has, not the section around it."""

_INTRODUCTION = """\
# Configuration

<!-- Written from components/config by `python -m components.config.schema`; don't edit. -->

A stack is one file, `Pulumi.<stack>.yaml`, or the same by command:

```console
$ pulumi config set production true
$ pulumi config set --path app.replicas 3
$ pulumi config set --path 'app.nodeSelector["cloud.google.com/gke-spot"]' true
$ pulumi config set --path postgres.caCertificate < ca.pem
$ pulumi config set --secret openaiApiKey
$ pulumi config rm --path app.replicas
```

In the file each key stands under `config` with `kotaemon:` before it:

```yaml
# yaml-language-server: $schema=stack.schema.json
config:
  kotaemon:production: true
  kotaemon:app:
    replicas: 3
```

With that first line an editor completes and checks the file. Everything has a default but what is marked
**required**. A key that isn't below, a value of the wrong type and a combination that can't work are refused
before anything is touched, all of them in one message that says what to type. Cores are `2`, `0.5` or `500m`;
memory and storage have a unit: `512Mi`, `2Gi`.
"""

_SECRETS = """\
## Secrets

No password stands in a stack's file in plain text. Each secret has one of three places:

- encrypted in the stack's file: `pulumi config set --secret NAME` asks for the value;
- Google's Secret Manager, named under `kotaemon:secretManager`, on GKE;
- a Secret that is in the namespace already, named under `kotaemon:secrets`:

```yaml
config:
  kotaemon:secrets:
    openaiApiKey:
      name: kotaemon-keys
      key: openai
```

Two at once, or a secret that nothing uses, is refused. Passwords that no name below stands for (the in-cluster
PostgreSQL's, Qdrant's, Elasticsearch's) are generated.

| name | what it is |
|---|---|
"""

_CLUSTER = """\
## The cluster

| key | allowed | default | meaning |
|---|---|---|---|
| `kubernetes:context` | text | | The context of the kubeconfig whose cluster this stack is for. |
| `kubernetes:kubeconfig` | path, or the content as a secret | | Where the kubeconfig is. |
"""


def reference_page() -> str:
    """The page, in Markdown."""
    parts = [
        _INTRODUCTION,
        *(_chapter(info) for name, info in Settings.model_fields.items() if name != "secrets"),
    ]
    secrets = _SECRETS + "".join(f"| `{name}` | {_capital(PURPOSE[name])}. |\n" for name in SecretName)
    return "\n".join([*parts, _CLUSTER, secrets])


def _chapter(field: FieldInfo) -> str:
    key = field.alias or ""
    text = f"## {key}\n\n{_line(field.description)}\n"
    kinds = tags(field)
    if kinds:
        chosen = field.default.kind
        for kind, section in kinds.items():
            usual = ", the default" if kind == chosen else ""
            text += f"\n### {key}.kind: {kind}{usual}\n\n{_line(section.__doc__)}\n"
            rows = [
                row for name, info in _fields(section) if name != "kind" for row in _rows(key, name, info)
            ]
            text += f"\n{_table(rows)}" if rows else ""
        return text
    section_type = section_of(field.annotation)
    if section_type is None:
        rows = list(_rows_of_entries(key, field)) or [_row(key, field)]
        return f"{text}\n{_table(rows)}"
    rows = [row for name, info in _fields(section_type) for row in _rows(key, name, info)]
    return f"{text}\n{_table(rows)}"


def _fields(section: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    for name, info in section.model_fields.items():
        yield info.alias or name, info


def _rows(parent: str, name: str, field: FieldInfo, given: object = _ITS_OWN) -> Iterator[str]:
    """One row for a value; for a section one for each key. `given` is what the section's default says."""
    path = f"{parent}.{name}"
    default = given
    if given is _ITS_OWN:
        default = None if field.is_required() else field.get_default()
    section = section_of(field.annotation)
    if kinds := tags(field):
        usual = "" if default is None else f"`{getattr(default, 'kind', '')}`"
        yield f"| `{path}.kind` | {', '.join(f'`{kind}`' for kind in kinds)} | {usual} | {_line(field.description)} |"
        for kind, member in kinds.items():
            for key, info in _fields(member):
                if key != "kind":
                    yield from _rows(f"{path} ({kind})", key, info)
        return
    if section is None:
        yield from list(_rows_of_entries(path, field)) or [_row(path, field, given)]
        return
    if default is None or not section.model_fields:
        allowed = "a section" if section.model_fields else "`{}`"
        yield f"| `{path}` | {allowed} | not there | {_line(field.description)} |"
    for key, info in _fields(section):
        yield from _rows(
            path, key, info, _ITS_OWN if default is None else getattr(default, _attribute(section, key))
        )


def _rows_of_entries(path: str, field: FieldInfo) -> Iterator[str]:
    """The rows of a list or a mapping of sections; none where its entries are single values."""
    entry = section_of(entries(field.annotation))
    if entry is None:
        return
    listed = any(get_origin(member) is tuple for member in members(field.annotation))
    yield f"| `{path}` | {'a list' if listed else 'a mapping'} of sections | none | {_line(field.description)} |"
    for key, info in _fields(entry):
        yield from _rows(f"{path}[0]" if listed else f"{path}.NAME", key, info)


def _attribute(section: type[BaseModel], key: str) -> str:
    return next(name for name, info in section.model_fields.items() if info.alias == key)


def _row(path: str, field: FieldInfo, default: object = _ITS_OWN) -> str:
    return f"| `{path}` | {_allowed(field)} | {_default(field, default)} | {_line(field.description)} |"


def _table(rows: list[str]) -> str:
    return "\n".join(["| key | allowed | default | meaning |", "|---|---|---|---|", *rows]) + "\n"


def _default(field: FieldInfo, given: object) -> str:
    if given is _ITS_OWN and field.is_required():
        return "**required**"
    value = field.default if given is _ITS_OWN else given
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(f"`{entry}`" for entry in value)
    return f"`{json.dumps(value) if isinstance(value, bool | dict) else value}`"


def _allowed(field: FieldInfo) -> str:
    types = [member for member in members(field.annotation) if member is not type(None)]
    found: list[str] = []
    for member in types:
        found += _of_type(member, field)
    return ", ".join(found)


def _of_type(member: Any, field: FieldInfo) -> list[str]:
    if isinstance(member, type) and issubclass(member, StrEnum):
        return [f"`{option}`" for option in member]
    if get_origin(member) is Literal:
        return [f"`{option}`" for option in get_args(member)]
    if member is bool:
        return ["`true`, `false`"]
    if member is int:
        bounds = {k: getattr(part, k) for part in field.metadata for k in ("ge", "le") if hasattr(part, k)}
        return [f"{bounds['ge']} to {bounds['le']}"]
    if get_origin(member) is tuple:
        return [_list_of(get_args(member)[0])]
    if get_origin(member) is dict:
        return ["a mapping of text to text"]
    forms = texts(field)
    return [_form(forms[0].allowed) if forms else "text"]


def _list_of(entry: Any) -> str:
    if isinstance(entry, type) and issubclass(entry, StrEnum):
        return "a list of " + ", ".join(f"`{option}`" for option in entry)
    forms = texts(FieldInfo.from_annotation(entry))
    return f"a list, each {_form(forms[0].allowed)}"


def _form(allowed: str) -> str:
    """What a refusal says, as what is allowed: without its "must be" and its example."""
    return _cell(
        re.split(
            r",? such as |, if wanted|; |: ", allowed.removeprefix("must be ").removeprefix("must say ")
        )[0]
    )


def _line(text: str | None) -> str:
    return _cell(" ".join((text or "").split()))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
