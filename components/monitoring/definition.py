"""What is watched, asked, recorded and alerted on in a stack: one definition, which is rendered three ways."""

from components.signals.model import Scope, Watch

from .rules import groups
from .rules.inhibitions import inhibitions
from .subject import (
    BackupSignal,
    Definition,
    Group,
    Inhibition,
    Matcher,
    Subject,
    Watching,
    export_job,
)

__all__ = [
    "BackupSignal",
    "Definition",
    "Group",
    "Inhibition",
    "Matcher",
    "Subject",
    "Watching",
    "define",
    "export_job",
]


def define(
    *,
    stack: str,
    scope: Scope,
    watches: tuple[Watch, ...],
    watching: Watching,
    production: bool,
    backups: tuple[BackupSignal, ...] = (),
) -> Definition:
    """The definition from what the components say of themselves.

    `watches` come in the order in which they need each other: databases, then the application, then the door.
    """
    subject = Subject(
        stack=stack,
        scope=scope,
        watching=watching,
        production=production,
        watches=watches,
        backups=backups,
    )
    return Definition(
        stack=stack,
        scope=scope,
        watching=watching,
        production=production,
        watches=watches,
        backups=backups,
        groups=groups(subject),
        inhibitions=inhibitions(subject),
    )
