"""The kinds of value that a stack's file holds, each with the pattern that admits it."""

import re
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

_CPU = r"[0-9]+(\.[0-9]+)?m?"
_MEMORY = r"[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)"
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_HOST = rf"{_LABEL}(\.{_LABEL})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}"
_FACTORS = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
}


def amount(quantity: str) -> Decimal:
    """A Kubernetes quantity as a number: cores for a CPU, bytes for memory and storage."""
    number, suffix = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", quantity).groups()  # type: ignore[union-attr]  # validated
    return Decimal(number) * _FACTORS[suffix]


def _plain_number(value: Any) -> Any:
    """YAML reads `cpu: 2` as a number; Kubernetes wants a string."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _matching(pattern: str, allowed: str) -> Any:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(allowed)
        return value

    return AfterValidator(check)


def _positive(value: str) -> str:
    if amount(value) <= 0:
        raise ValueError("must be more than 0")
    return value


def _url(value: str) -> str:
    allowed = (
        "must be an http:// or https:// URL with a host and no password, such as https://api.example.com/v1"
    )
    try:
        parts = urlsplit(value)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(allowed) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.password or not port_ok:
        raise ValueError(allowed)
    if not re.fullmatch(_HOST, parts.hostname):
        raise ValueError(allowed)
    return value


def _ollama_url(value: str) -> str:
    if not value.endswith("/v1/"):
        raise ValueError(
            "must end in /v1/ (Kotaemon appends to it), such as http://ollama.ollama.svc:11434/v1/"
        )
    return _url(value)


Cpu = Annotated[
    str,
    BeforeValidator(_plain_number),
    _matching(_CPU, 'must be cores or millicores, such as "2" or 500m'),
    AfterValidator(_positive),
    WithJsonSchema({"type": ["string", "number"], "pattern": f"^{_CPU}$"}),
]
"""Cores (`2`, `0.5`) or millicores (`500m`)."""

Memory = Annotated[
    str,
    BeforeValidator(_plain_number),
    _matching(_MEMORY, "must be a number with a unit, such as 512Mi or 2Gi"),
    AfterValidator(_positive),
    Field(json_schema_extra={"pattern": f"^{_MEMORY}$"}),
]
"""Bytes with a unit (`512Mi`, `2Gi`); a bare number is refused, as it is nearly always a slip."""

Label = Annotated[
    str,
    _matching(_LABEL, "must be lower-case letters, digits and dashes, at most 63, such as kotaemon-dev"),
    Field(json_schema_extra={"pattern": f"^{_LABEL}$"}),
]
"""A DNS label: a Kubernetes name."""

Host = Annotated[
    str,
    _matching(
        _HOST, "must be a host name or an IPv4 address without scheme, port or path, such as db.example.com"
    ),
    Field(json_schema_extra={"pattern": f"^{_HOST}$"}),
]

Url = Annotated[str, AfterValidator(_url), Field(json_schema_extra={"format": "uri"})]
OllamaUrl = Annotated[str, AfterValidator(_ollama_url), Field(json_schema_extra={"pattern": "/v1/$"})]

Tag = Annotated[
    str,
    _matching(
        rf"{_TAG}(@{_DIGEST})?", "must be an image tag, if wanted with a digest: 0.11.3 or 0.11.3@sha256:…"
    ),
]

Repository = Annotated[
    str,
    _matching(
        rf"{_HOST}(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+",
        "must be a registry and a path without a tag, such as ghcr.io/cinnamon/kotaemon",
    ),
]

SqlName = Annotated[
    str,
    _matching(r"[a-z_][a-z0-9_]{0,62}", "must be lower-case letters, digits and underscores, at most 63"),
    Field(json_schema_extra={"pattern": "^[a-z_][a-z0-9_]{0,62}$"}),
]

Prefix = Annotated[
    str,
    _matching(r"[a-z_][a-z0-9_]{0,23}", "must be lower-case letters, digits and underscores, at most 24"),
    Field(json_schema_extra={"pattern": "^[a-z_][a-z0-9_]{0,23}$"}),
]

SecretKey = Annotated[
    str,
    _matching(
        r"[-._a-zA-Z0-9]{1,253}", "must be a key of a Kubernetes Secret: letters, digits, '-', '_' and '.'"
    ),
]

Port = Annotated[int, Field(ge=1, le=65535)]


def is_floating(tag: str) -> bool:
    """Whether what stands behind `tag` may change: no digest and no version number in it."""
    return "@" not in tag and not re.search(r"[0-9]+\.[0-9]+", tag)
