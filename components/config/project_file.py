"""The `config` block of Pulumi.yaml: each key with its type, its meaning and its default.

What the engine makes of that block (seen with Pulumi 3.259): a key without a default is required of
every stack, so each has one; a default stands in for a whole key, it isn't merged with what a stack says, so
`{}` and `{kind: …}` say "the defaults" and Settings fills in the rest. Only the outermost type is checked:
what is inside, and keys that nobody knows, are left to Settings. Secrets aren't declared: a declared one would be
required, and can't have a default.
"""

import textwrap

from pydantic.fields import FieldInfo

from .locate import tags
from .settings import Settings

_WIDTH = 110
_HEAD = """\
config:
  # Written from components/config by `python -m components.config.schema`; docs/configuration.md has every
  # key inside. What has no default isn't declared here, as Pulumi would then require it of every stack.
"""


def with_config_block(project: str) -> str:
    """Pulumi.yaml with its `config` block as Settings have it; the rest stays as it is."""
    lines = project.splitlines(keepends=True)
    kept, inside = [], False
    for line in lines:
        if line.startswith("config:"):
            inside = True
        elif inside and not line.startswith((" ", "\n")):
            inside = False
        if not inside:
            kept.append(line)
    return "".join(kept).rstrip("\n") + "\n" + config_block()


def config_block() -> str:
    """The block, as YAML."""
    return _HEAD + "".join(
        _entry(info.alias or name, info)
        for name, info in Settings.model_fields.items()
        if info.default is not None
    )


def _entry(key: str, field: FieldInfo) -> str:
    kind, default = "object", "{}"
    if field.annotation is bool:
        kind, default = "boolean", str(field.default).lower()
    elif tags(field):
        default = f"{{kind: {field.default.kind}}}"
    meaning = textwrap.wrap(
        " ".join((field.description or "").split()),
        _WIDTH - 6,
        break_long_words=False,
        break_on_hyphens=False,
    )
    description = "".join(f"      {line}\n" for line in meaning)
    return f"  {key}:\n    type: {kind}\n    description: >-\n{description}    default: {default}\n"
