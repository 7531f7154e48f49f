"""The settings of a stack's file, read without the engine."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.config import Settings


def settings_of(config: Mapping[str, object], stack: str, root: Path) -> "Settings":
    """Settings from what stands under `config:`; encrypted values are taken for good. Raises ConfigError."""
    from components.config import PROJECT, parse  # imports Pulumi
    from components.config.supplied import STAND_IN

    values, encrypted = {}, set()
    for key, value in config.items():
        if not key.startswith(f"{PROJECT}:"):
            continue
        name = key.removeprefix(f"{PROJECT}:")
        values[name] = value if isinstance(value, str) else json.dumps(value, default=str)
        if isinstance(value, Mapping) and "secure" in value:
            values[name] = STAND_IN
            encrypted.add(name)
    return parse(values, encrypted=encrypted, stack=stack, root=root)
