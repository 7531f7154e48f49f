"""Secrets in a stack's file: encrypted, in their own keys, and nowhere else."""

import json
import re
from urllib.parse import urlsplit

from .explain import secret_for
from .problems import Problem, property_path, remove_command, secret_command
from .redact import HIDDEN, looks_secret
from .secret_names import SecretName

STAND_IN = "KOTAEMON-SECRET"
"""What a value begins with that stands for a secret, where nobody can unlock it: its form tells nothing."""

RECEIVER_PORTS = (443, 8443)
"""Of the URLs that alerts are sent to."""
_LEAST_PASSWORD = 8
_EXPANDED = (SecretName.LOKI, SecretName.LOGS_ELASTICSEARCH)
_FORMS = {
    SecretName.SLACK_WEBHOOK: (
        r"https://hooks\.slack(-gov)?\.com/services/\w+/\w+/\w+",
        "isn't the URL of an incoming webhook of Slack's; it must be https://hooks.slack.com/services/ and three "
        "parts (https://api.slack.com/messaging/webhooks)",
    ),
    SecretName.PAGERDUTY: (
        r"[0-9A-Za-z]{32}",
        "isn't an integration key of PagerDuty's Events API v2; it must be 32 letters and digits (the service's "
        "page, Integrations)",
    ),
    SecretName.ALERT_WEBHOOK: (
        r"https://\S+",
        "isn't a URL that alerts may be sent to; it must be https://HOST/…",
    ),
    SecretName.DEAD_MANS_SWITCH: (
        r"https://\S+",
        "isn't a URL that signs of life may be sent to; it must be https://HOST/…",
    ),
}
"""Pattern of what only its receiver would refuse, hours later, when there is an alert; and what it must be."""


def check_secret(name: SecretName, value: str, encrypted: bool, prefix: str) -> list[Problem]:
    """What is wrong with a secret that has a key of its own; its value is never told."""
    reason = None
    if not encrypted:
        reason = (
            "is a password in plain text; it must be a Pulumi secret, or an existing Secret under "
            f"{prefix}:secrets.{name}. It has been in a file: change it where it was issued"
        )
    elif not value.strip():
        reason = "is empty; it must hold the secret's value"
    elif value != value.strip():
        reason = "begins or ends with white space, which is seldom part of a key; it must be without"
    elif _is_structure(value):
        reason = "is a mapping or a list; it must be one value"
    elif name is SecretName.ADMIN and len(value) < _LEAST_PASSWORD:
        reason = f"is too short; it must have at least {_LEAST_PASSWORD} characters"
    elif name in _EXPANDED and "${" in value:
        reason = "holds ${, which Fluent Bit takes for a variable's name; it must be without"
    else:
        reason = malformed(name, value)
    if reason is None:
        return []
    return [Problem(key=f"{prefix}:{name}", value=HIDDEN, allowed=reason, remedy=secret_command(name))]


def misplaced_secrets(key: str, value: object, prefix: str) -> list[Problem]:
    """For a key of the stack's file that is encrypted, or holds something encrypted, and isn't a secret's."""
    paths = _telling(value, (key,)) or [(key,)]
    return [
        _misplaced(path, whole=path == (key,) and isinstance(value, dict), prefix=prefix) for path in paths
    ]


def _misplaced(path: tuple[str, ...], whole: bool, prefix: str) -> Problem:
    where, name = property_path(path), secret_for(path)
    allowed = f"holds no secret: each secret has a key of its own, here probably {name}"
    remedy = f"{remove_command(where)} && {secret_command(name)}"
    if whole:
        allowed = f"{allowed}; what isn't one is set without --secret"
    return Problem(key=f"{prefix}:{where}", value=HIDDEN, allowed=allowed, remedy=remedy)


def _telling(value: object, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The single values below `value` that are secrets by their names."""
    found = []
    for key, child in value.items() if isinstance(value, dict) else ():
        if isinstance(child, dict):
            found += _telling(child, (*path, str(key)))
        elif looks_secret(str(key), child):
            found.append((*path, str(key)))
    return found


def malformed(name: SecretName, value: str) -> str | None:
    """Why a secret can't be what its receiver gave out; None where it can. Its value is never told."""
    if name not in _FORMS or value.startswith(STAND_IN):
        return None
    pattern, allowed = _FORMS[name]
    if not re.fullmatch(pattern, value, re.ASCII):
        return allowed
    try:
        parts = urlsplit(value)
        whole = not parts.scheme or (bool(parts.hostname) and parts.port != 0)
        port = parts.port or 443
    except ValueError:
        return allowed
    if whole and parts.scheme and port not in RECEIVER_PORTS:
        ports = " or ".join(map(str, RECEIVER_PORTS))
        return f"names port {port}, which the network policies don't open; it must be {ports}"
    return None if whole else allowed


def _is_structure(value: str) -> bool:
    try:
        return isinstance(json.loads(value), dict | list)
    except json.JSONDecodeError:
        return False
