"""What a rule is given, and what it hands back."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from components.config.problems import Problem
from components.config.secret_names import SecretName
from components.config.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack's settings, well-formed, with what they refer to."""

    settings: Settings
    supplied: frozenset[SecretName]
    """Secrets that stand in the stack's file, encrypted."""
    root: Path
    """What paths are relative to."""


Rule = Callable[[Stack], Iterator[Problem]]


def in_cluster(url: str) -> bool:
    """Whether a URL is of a Service of the cluster, by its host: NAME.NAMESPACE.svc, or that and the usual domain."""
    return re.fullmatch(r"[^.]+[.][^.]+[.]svc([.]cluster[.]local)?", urlsplit(url).hostname or "") is not None


def problem(path: str, value: object, allowed: str, remedy: str, *about: str) -> Problem:
    """A problem at `path`, judged from it and from the keys `about`."""
    return Problem(
        key=f"kotaemon:{path}",
        value=value,
        allowed=allowed,
        remedy=remedy,
        about=tuple(f"kotaemon:{key}" for key in about),
    )
