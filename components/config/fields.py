"""The kinds of value that a stack's file holds, each with the pattern that admits it and an example."""

import ipaddress
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from .form import Text
from .mend import dashed, host_of, with_scheme, with_unit, with_v1, without_user
from .quantity import amount as amount
from .redact import looks_secret

_CPU = r"[0-9]+(\.[0-9]+)?m?"
_MEMORY = r"[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)"
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_HOST = rf"{_LABEL}(\.{_LABEL})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}"
_NODE_LABEL_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_LOOPBACK = "is the pod itself: name the host as pods reach it, such as ollama.ollama.svc"


def is_floating(tag: str) -> bool:
    """Whether what stands behind `tag` may change: no digest, and no whole version at its start."""
    return "@" not in tag and not re.match(r"v?[0-9]+\.[0-9]+\.[0-9]+", tag)


def _plain_number(value: Any) -> Any:
    """YAML reads `cpu: 2` as a number; Kubernetes wants a string."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _yaml_scalar(value: Any) -> Any:
    """`pulumi config set --path` writes `true` and `3` bare; labels are text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a whole number")
    return value


def _positive(value: str) -> None:
    if amount(value) <= 0:
        raise ValueError("must be more than 0")


def _host(value: str) -> None:
    if len(value) > 253:
        raise ValueError("must have at most 253 characters")
    if re.fullmatch(r"[0-9.]+", value):
        try:
            ipaddress.IPv4Address(value)
        except ValueError:
            raise ValueError("must be an IPv4 address of four numbers from 0 to 255, or a name") from None
    if value == "localhost" or value.startswith("127."):
        raise ValueError(_LOOPBACK)


def _url(value: str) -> None:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("must have a port from 1 to 65535") from None
    if port == 0:
        raise ValueError("must have a port from 1 to 65535")
    _host(parts.hostname or "")


def _no_token(value: str) -> None:
    if looks_secret("", value):
        raise ValueError(
            "must be the name of a key in a Kubernetes Secret; this looks like the secret itself. "
            "It has been in a file: change it where it was issued"
        )


def _each_once(chosen: tuple[str, ...]) -> tuple[str, ...]:
    twice = {one for one in chosen if chosen.count(one) > 1}
    if twice:
        raise ValueError(f"must name each once; twice: {', '.join(sorted(twice))}")
    return chosen


def _object_name(value: str) -> None:
    if len(value) > 253:
        raise ValueError("must have at most 253 characters")


Cpu = Annotated[
    str,
    BeforeValidator(_plain_number),
    WithJsonSchema({"type": ["string", "number"], "exclusiveMinimum": 0}),
    Text(
        pattern=_CPU,
        allowed='must be cores or millicores, such as "2" or 500m',
        example="500m",
        check=_positive,
    ),
]
"""Cores (`2`, `0.5`) or millicores (`500m`)."""

Memory = Annotated[
    str,
    BeforeValidator(_plain_number),
    Text(
        pattern=_MEMORY,
        allowed="must be a size with its unit and no space between, such as 512Mi or 2Gi",
        example="2Gi",
        check=_positive,
        mends=(with_unit,),
    ),
]
"""Bytes with a unit (`512Mi`, `2Gi`); a bare number is refused, as it is nearly always a slip."""

Label = Annotated[
    str,
    Text(
        pattern=_LABEL,
        allowed="must be lower-case letters, digits and dashes, at most 63, such as kotaemon-dev",
        example="kotaemon-dev",
        mends=(dashed,),
    ),
]
"""A DNS label: the name of a namespace."""

ObjectName = Annotated[
    str,
    Text(
        pattern=_HOST,
        allowed="must be lower-case letters, digits, dashes and dots, such as standard-rwo",
        example="standard-rwo",
        check=_object_name,
        mends=(dashed,),
    ),
]
"""A DNS subdomain: the name of most Kubernetes objects."""

Host = Annotated[
    str,
    Text(
        pattern=_HOST,
        allowed="must be a lower-case host name or an IPv4 address without scheme, port or path, "
        "such as db.example.com",
        example="db.example.com",
        check=_host,
        mends=(host_of,),
    ),
]

_URL = rf"https?://{_HOST}(:[0-9]{{1,5}})?"
Url = Annotated[
    str,
    Text(
        pattern=rf"{_URL}(/[^\s?#@]*)?",
        allowed="must be an http:// or https:// URL with a lower-case host and no user, password or query, "
        "such as https://api.example.com/v1",
        example="https://api.example.com/v1",
        check=_url,
        mends=(
            with_scheme,
            without_user,
        ),
    ),
]

OllamaUrl = Annotated[
    str,
    Text(
        pattern=rf"{_URL}(/[^\s?#@]+)?/v1/",
        allowed="must be an http:// or https:// URL that ends in /v1/ (Kotaemon appends to it), "
        "such as http://ollama.ollama.svc:11434/v1/",
        example="http://ollama.ollama.svc:11434/v1/",
        check=_url,
        mends=(with_v1,),
    ),
]

Tag = Annotated[
    str,
    Text(
        pattern=rf"{_TAG}(@{_DIGEST})?",
        allowed="must be an image tag, if wanted with a digest: 0.11.3 or 0.11.3@sha256:…",
        example="0.11.3",
    ),
]

Repository = Annotated[
    str,
    Text(
        pattern=rf"{_HOST}(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+",
        allowed="must be a registry and a path without a tag, such as ghcr.io/cinnamon/kotaemon",
        example="ghcr.io/cinnamon/kotaemon",
    ),
]

ModelName = Annotated[
    str,
    Text(
        pattern=r"\S{1,200}",
        allowed="must be the name of a model or deployment, without white space, such as gpt-4o-mini",
        example="gpt-4o-mini",
    ),
]

ApiVersion = Annotated[
    str,
    Text(
        pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?",
        allowed="must be a version of Azure's API, such as 2024-10-21 or 2024-02-15-preview",
        example="2024-10-21",
    ),
]

SqlName = Annotated[
    str,
    Text(
        pattern=r"[a-z_][a-z0-9_]{0,62}",
        allowed="must be lower-case letters, digits and underscores, at most 63",
        example="kotaemon",
    ),
]

Prefix = Annotated[
    str,
    Text(
        pattern=r"[a-z][a-z0-9_]{0,23}",
        allowed="must be lower-case letters, digits and underscores, a letter first, at most 24",
        example="kotaemon",
    ),
]

Login = Annotated[
    str,
    Text(
        pattern=r"[a-z][a-z0-9_.-]{1,31}",
        allowed="must be 2 to 32 lower-case letters, digits, '_', '.' and '-', a letter first",
        example="admin",
    ),
]

SecretKey = Annotated[
    str,
    Text(
        pattern=r"[-._a-zA-Z0-9]{1,253}",
        allowed="must be a key of a Kubernetes Secret: letters, digits, '-', '_' and '.'",
        example="api-key",
        check=_no_token,
    ),
]

FilePath = Annotated[
    str,
    Text(
        pattern=r"[^\s/~\\][^\\\n]*",
        allowed="must be a path relative to the project, such as config/graphrag.yaml",
        example="config/graphrag.yaml",
    ),
]

NodeLabel = Annotated[
    str,
    Text(
        pattern=rf"({_HOST}/)?{_NODE_LABEL_NAME}",
        allowed="must be a label's name, such as cloud.google.com/gke-spot",
        example="cloud.google.com/gke-spot",
    ),
]

NodeLabelValue = Annotated[
    str,
    BeforeValidator(_yaml_scalar),
    WithJsonSchema({"type": ["string", "boolean", "integer"]}),
    Text(
        pattern=rf"({_NODE_LABEL_NAME})?",
        allowed="must be a label's value: letters, digits, '-', '_' and '.', at most 63",
        example="worker",
    ),
]

WHOLE = BeforeValidator(_no_truth)
"""For numbers: `true` isn't one, though Python counts it as 1."""

EACH_ONCE = AfterValidator(_each_once)
"""For lists of choices."""

Port = Annotated[int, Field(ge=1, le=65535), WHOLE]
