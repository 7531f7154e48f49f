"""Fluent Bit's configuration: what it reads, what it makes of it, and where it sends it.

JSON is YAML, which Fluent Bit reads. Source: docs.fluentbit.io/manual (5.x).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from components.config.logs import ElasticsearchLogs, ExistingLoki, Loki

from . import noise
from .python_lines import PARSER, rules

_FILES = Path(__file__).parent / "files"
CONFIG = "fluent-bit.yaml"
PASSWORD = "LOGS_PASSWORD"  # noqa: S105  an environment variable
LOKI_PUSH = "/loki/api/v1/push"
METRICS = "/api/v2/metrics/prometheus"
ALIVE = "/api/v1/uptime"

Plugin = Mapping[str, str | int]
Destination = Loki | ExistingLoki | ElasticsearchLogs


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where Fluent Bit finds and keeps things."""

    pods: str = "/var/log/pods"
    """The kubelet's folder: NAMESPACE_POD_UID/CONTAINER/0.log."""
    files: str = "/fluent-bit/etc"
    """This configuration and the Lua beside it."""
    state: str = "/fluent-bit/state"
    """How far each file was read, and what couldn't be sent yet."""
    certificates: str = "/fluent-bit/ca"
    """The destination's authority, as ca.crt."""
    listen: str = "0.0.0.0"  # noqa: S104  in the pod, for who watches it
    """Where its own metrics are."""
    port: int = 2020


def scripts() -> dict[str, str]:
    """What runs on each record: file name -> Lua."""
    files = {name: (_FILES / name).read_text(encoding="utf-8") for name in ("logs.lua", "mask.lua")}
    return {**files, "noise.lua": noise.lua()}


def fluent_bit(
    namespace: str, to: Destination, url: str, buffer_bytes: int, places: Places | None = None
) -> str:
    """The configuration that sends the logs of a namespace's pods to `to`, which answers at `url`."""
    at = places or Places()
    return json.dumps(
        {
            "service": _service(at),
            "parsers": [{"name": "json-lines", "format": "json"}],
            "multiline_parsers": [
                # stdout and stderr are two stories, told in one file.
                {
                    "name": PARSER,
                    "type": "regex",
                    "key_content": "log",
                    "key_group": "stream",
                    "flush_timeout": 2000,
                    "rules": rules(),
                }
            ],
            "pipeline": {
                "inputs": [_input(namespace, at)],
                "filters": _filters(at),
                "outputs": [_output(to, url, buffer_bytes, at)],
            },
        },
        indent=2,
    )


def _service(at: Places) -> Plugin:
    return {
        "flush": 1,
        "grace": 10,
        "log_level": "info",
        "http_server": "on",
        "http_listen": at.listen,
        "http_port": at.port,
        "storage.path": f"{at.state}/buffer",
        "storage.metrics": "on",
        # A chunk has up to 2 MB: what waits is on disk, and this much of it in memory.
        "storage.max_chunks_up": 16,
        "storage.backlog.mem_limit": "8M",
        "storage.delete_irrecoverable_chunks": "on",
        # Seconds between tries while the destination is away: 5 at first, a minute at the most.
        "scheduler.base": 5,
        "scheduler.cap": 60,
    }


def _input(namespace: str, at: Places) -> Plugin:
    return {
        "name": "tail",
        "alias": "pods",
        "tag": "pods.*",
        "path": f"{at.pods}/{namespace}_*/*/*.log",
        "path_key": "_file",
        "multiline.parser": "cri",
        "db": f"{at.state}/positions.db",
        "db.locking": "on",
        "read_from_head": "on",
        "refresh_interval": 5,
        "rotate_wait": 30,
        # The kubelet cuts lines at 16 KiB, which the parser joins again.
        "buffer_chunk_size": "32k",
        "buffer_max_size": "256k",
        "skip_long_lines": "on",
        "mem_buf_limit": "8M",
    }


def _filters(at: Places) -> Sequence[Plugin]:
    return [
        {
            "name": "multiline",
            "match": "pods.*",
            "multiline.parser": PARSER,
            "multiline.key_content": "log",
            "emitter_name": "lines",
            "emitter_storage.type": "filesystem",
        },
        {
            "name": "parser",
            "match": "pods.*",
            "key_name": "log",
            "parser": "json-lines",
            "reserve_data": "on",
        },
        {
            "name": "lua",
            "match": "pods.*",
            "script": f"{at.files}/logs.lua",
            "call": "process",
            # A number would round nanoseconds, which tell one line from the next.
            "time_as_table": "on",
        },
    ]


def _output(to: Destination, url: str, buffer_bytes: int, at: Places) -> Plugin:
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    common: dict[str, str | int] = {
        "match": "pods.*",
        "alias": "destination",
        "host": parts.hostname or "",
        "port": parts.port or (443 if tls else 80),
        "tls": "on" if tls else "off",
        "compress": "gzip",
        "storage.total_limit_size": buffer_bytes,
        "net.connect_timeout": 10,
        "net.io_timeout": 30,
    }
    if tls and not isinstance(to, Loki) and to.ca_certificate is not None:
        common["tls.ca_file"] = f"{at.certificates}/ca.crt"
    if not isinstance(to, Loki) and to.username is not None:
        common |= {"http_user": to.username, "http_passwd": f"${{{PASSWORD}}}"}
    if isinstance(to, ElasticsearchLogs):
        return {**common, **_elasticsearch(to, parts.path)}
    tenant = to.tenant if isinstance(to, ExistingLoki) else None
    return {
        **common,
        "name": "loki",
        "uri": f"{parts.path.rstrip('/')}{LOKI_PUSH}",
        # Few values each: every combination is a stream of its own.
        "labels": "job=fluent-bit, $namespace, $container, $level",
        "remove_keys": "namespace,container,level,id",
        "line_format": "json",
        # Until it is there again; what is too much for the disk goes, the oldest first.
        "retry_limit": "no_limits",
        **({"tenant_id": tenant} if tenant else {}),
    }


def _elasticsearch(to: ElasticsearchLogs, path: str) -> Plugin:
    return {
        "name": "es",
        "index": to.index,
        **({"path": path} if path else {}),
        # Data streams take nothing else. A line's own id keeps what is read twice from being there twice.
        "write_operation": "create",
        "id_key": "id",
        "suppress_type_name": "on",
        "time_key": "@timestamp",
        "time_key_nanos": "on",
        "trace_error": "on",
        # Half a day; a record that Elasticsearch will never take must not be tried for ever.
        "retry_limit": 720,
    }
