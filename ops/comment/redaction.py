"""What of a value may stand in a comment that anybody reads."""

import re
from collections.abc import Mapping

from components.config.redact import HIDDEN, looks_secret, visible
from ops.diff import SECRET, UNKNOWN, masked

_ASSIGNMENT = re.compile(r"""(?P<name>[A-Za-z_][\w.-]*)(?P<is>["']?\s*[:=]\s*)(?P<value>\S.*)""")
"""`NAME=value`, `name: value` and `"name": "value"`, as in files and messages."""

_NAMES_A_SECRET = frozenset({"secretName", "secretKeyRef", "configMapKeyRef"})
"""Keys that say where a secret is, not what it is: a reviewer needs those."""

_GOOGLES_NAME = re.compile(r"projects/[a-z0-9-]+/[A-Za-z0-9/_.-]+")
"""The full name of something on Google Cloud, such as a key; never the thing itself."""


def redacted(value: object, path: str = "") -> object:
    """`value` with a word in place of everything that is, or may be, a secret; `path` leads to it."""
    if masked(value):
        return SECRET
    if isinstance(value, Mapping):
        owner = value.get("name")
        return {
            # An environment variable's value is as secret as the variable's name says.
            key: redacted(one, str(owner) if key == "value" and owner else f"{path}.{key}")
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [redacted(one, path) for one in value]
    if isinstance(value, str):
        if value == SECRET or value in UNKNOWN or _refers(path) or _GOOGLES_NAME.fullmatch(value):
            return value
        return HIDDEN if looks_secret(_telling(path), value) else value
    return value  # no number and no switch is a secret


def telling(path: str) -> bool:
    """Whether the path alone says that a secret stands there."""
    return looks_secret(_telling(path), "") and not _refers(path)


def redacted_line(line: str) -> str:
    """A line of a file, or of a message, without what may be a secret in it."""
    line = _ASSIGNMENT.sub(_hide, line)
    words = re.split(r"(\s+)", line)
    return "".join(str(visible(word)) if word.strip() else word for word in words)


def _hide(found: re.Match[str]) -> str:
    kept = found["value"] in {SECRET, HIDDEN} or not looks_secret(found["name"], "")
    return found[0] if kept else f"{found['name']}{found['is']}{HIDDEN}"


def _telling(path: str) -> str:
    """The part of a property's path that says what its value is."""
    if environment := re.search(r"\benv\[([^\]]+)\](\.value)?$", path):
        return environment[1]
    return re.split(r"[.\[]", path.replace('"]', ""))[-1].strip('"')


def _refers(path: str) -> bool:
    return any(part in _NAMES_A_SECRET for part in re.split(r"[.\[]", path)[-2:])
