"""The local stack's own settings, many times as fast: what takes minutes on a cluster takes seconds here."""

from collections.abc import Callable, Mapping
from functools import partial

import yaml

from components.monitoring.rules.pace import faster, length, paced
from components.signals.model import span
from tests.node.spec import Edits

_SCRAPES = {"scrape_interval", "evaluation_interval", "__scrape_interval__"}
_TIMEOUTS = {"scrape_timeout", "__scrape_timeout__"}
_RULES = {"interval", "for"}
_MESSAGES = {"group_wait", "group_interval", "repeat_interval", "resolve_timeout"}
_Changes = Mapping[str, Callable[[str], str]]
_PATIENCE = "1s"
"""Instead of a timeout: a busy machine's processes don't get faster."""


def edits(pace: float) -> Edits:
    """For the files of Prometheus and Alertmanager, as the stack renders them."""

    def sooner(text: str) -> str:
        return span(faster(length(text), pace))

    scrapes = dict.fromkeys(_SCRAPES, sooner) | dict.fromkeys(_TIMEOUTS, lambda _: _PATIENCE)
    rules = dict.fromkeys(_RULES, sooner) | {"expr": partial(paced, pace=pace)}
    messages = dict.fromkeys(_MESSAGES, sooner)

    def changed(text: str, changes: _Changes) -> str:
        return yaml.safe_dump(_changed(yaml.safe_load(text), changes))

    files = {"prometheus.yml": scrapes, "kotaemon.yml": rules, "alertmanager.yml": messages}
    return {name: partial(changed, changes=changes) for name, changes in files.items()}


def _changed(value: object, changes: _Changes) -> object:
    """A document with the values of some keys changed, wherever they are."""
    if isinstance(value, dict):
        return {
            key: changes[key](one) if key in changes and isinstance(one, str) else _changed(one, changes)
            for key, one in value.items()
        }
    return [_changed(one, changes) for one in value] if isinstance(value, list) else value
