"""Alerts and recordings: what holds for every component, by what each says of itself, and what is special to one."""

from components.monitoring.subject import Group, Subject

from .backups import backup_groups
from .components import component_groups
from .objectives import objective_groups
from .own import own_groups
from .pods import pod_groups
from .volumes import volume_groups


def groups(subject: Subject) -> tuple[Group, ...]:
    """Every group of rules, in the order in which an outage shows: what people see first."""
    return (
        *objective_groups(subject),
        *component_groups(subject),
        *pod_groups(subject),
        *volume_groups(subject),
        *backup_groups(subject),
        *own_groups(subject),
    )
