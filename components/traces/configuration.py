"""The collector's configuration. Source: opentelemetry.io/docs/collector, and each part's README of 0.161."""

import json
from dataclasses import dataclass
from datetime import timedelta

from components.config.fields import amount
from components.config.traces import CloudTrace, CollectorTraces, Tempo

from .masking import LONGEST, MASKED_KEYS, MASKED_VALUES

GRPC, HTTP, METRICS, HEALTH = 4317, 4318, 8888, 13133
TOKEN_FILE = "/etc/otel/token/token"  # noqa: S105  a path
_LARGEST_REQUEST = 4
"""MiB."""
_LARGEST_TRACE = 2**20
_USUAL_TRACE = 16 * 1024
_PROGRAM = 48 * 2**20
"""Bytes that it takes before the first trace."""
_SECOND = timedelta(seconds=1)
_QUIET = "(/(api/v[12]/)?heartbeat(/[^?*]*)?|/app_id|/theme[.]css|/oauth2/(ping|ready))([?*].*)?$"
"""Paths that probes and open tabs ask all the time; their query is masked by then.

A tab's own heartbeat (Gradio's) stays open as long as the tab.
"""
_OWN_METRICS = {
    "host": "0.0.0.0",  # noqa: S104  the pod's address, which isn't known here
    "port": METRICS,
    # Names as Prometheus wants them, whatever the default becomes: rules and panels know them.
    "without_type_suffix": False,
    "without_units": False,
    "without_scope_info": True,
}
_REFUSED = " or ".join(
    f'IsMatch(span.attributes["{name}"], "^4")' for name in ("http.status_code", "http.response.status_code")
)
_FAILED = f"span.status.code == STATUS_CODE_ERROR and not (span.kind == SPAN_KIND_CLIENT and ({_REFUSED}))"
"""To who asks, 4xx is an error by convention: Envoy would have every sign-in and every stranger's try kept."""
_PATHS = ("http.url", "url.full", "http.target", "url.path")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How the collector's memory is divided, in bytes."""

    limit: int
    """Of its container."""

    @property
    def free(self) -> int:
        """What its program and an empty heap leave."""
        return max(self.limit - _PROGRAM, _PROGRAM)

    @property
    def heap(self) -> int:
        """What Go tries to stay within: the rest is for what isn't its heap."""
        return self.free * 9 // 10

    @property
    def refuse(self) -> int:
        """From here on it takes nothing more in, and frees what it can."""
        return self.free * 8 // 10

    @property
    def queue(self) -> int:
        """What waits for a destination that is away."""
        return self.free // 4

    @property
    def traces(self) -> int:
        """Number of traces that wait for their last span, at 16 KiB each."""
        return self.free // 4 // _USUAL_TRACE


def sizes(settings: CollectorTraces) -> Sizes:
    """From the limit that the container has."""
    resources = settings.resources
    return Sizes(limit=int(amount(resources.memory_limit or resources.memory)))


def collector_config(settings: CollectorTraces, project: str | None = None) -> str:
    """Its file: JSON, which is YAML. `project` is the Google Cloud project that Cloud Trace keeps them in."""
    memory = sizes(settings)
    exporter, exporting = _exporter(settings, memory, project)
    token = isinstance(settings.to, Tempo) and settings.to.token
    extensions: dict[str, object] = {"health_check": {"endpoint": f"0.0.0.0:{HEALTH}"}}
    if token:
        extensions["bearertokenauth"] = {"filename": TOKEN_FILE}
    processors = {
        "memory_limiter": {
            "check_interval": "1s",
            "limit_mib": memory.refuse // 2**20,
            "spike_limit_mib": memory.refuse // 4 // 2**20,
        },
        "redaction": _redaction(),
        "transform": _shortening(),
        "tail_sampling": _sampling(settings, memory),
    }
    config = {
        "receivers": {
            "otlp": {
                "protocols": {
                    "grpc": {"endpoint": f"0.0.0.0:{GRPC}", "max_recv_msg_size_mib": _LARGEST_REQUEST},
                    "http": {
                        "endpoint": f"0.0.0.0:{HTTP}",
                        "max_request_body_size": _LARGEST_REQUEST * 2**20,
                    },
                }
            }
        },
        "processors": processors,
        "exporters": {exporter: exporting},
        "extensions": extensions,
        "service": {
            "extensions": list(extensions),
            "pipelines": {
                # Masked first, so that nothing waits in memory that mustn't leave.
                "traces": {"receivers": ["otlp"], "processors": list(processors), "exporters": [exporter]}
            },
            "telemetry": {
                "logs": {"encoding": "json"},
                "metrics": {"readers": [{"pull": {"exporter": {"prometheus": _OWN_METRICS}}}]},
            },
        },
    }
    # The collector replaces ${…} in its file, wherever it stands; nothing here is meant so.
    return json.dumps(config, indent=2).replace("$", "$$")


def decision_wait(settings: CollectorTraces) -> timedelta:
    """How long is waited for a trace's first span, which ends last: an answer may take minutes.

    Spans that come after a trace was judged share its fate.
    """
    return timedelta(seconds=settings.slow_seconds) + timedelta(minutes=2)


def _sampling(settings: CollectorTraces, memory: Sizes) -> dict[str, object]:
    """Which traces are kept: quiet ones never, else those with an error, the slow, and a share of the rest."""
    failed = {"type": "ottl_condition", "ottl_condition": {"error_mode": "ignore", "span": [_FAILED]}}
    quiet = [f'IsMatch(span.attributes["{name}"], "{_QUIET}")' for name in _PATHS]
    return {
        "decision_wait": _duration(decision_wait(settings)),
        # Then its other spans are on the way: senders keep them back for 5 s.
        "decision_wait_after_root_received": "10s",
        "num_traces": memory.traces,
        "maximum_trace_size_bytes": _LARGEST_TRACE,
        "decision_cache": {"sampled_cache_size": 10 * memory.traces},
        "policies": [
            {
                "name": "quiet",
                "type": "drop",
                "drop": {
                    "drop_sub_policy": [
                        {
                            "name": "asked-all-the-time",
                            "type": "ottl_condition",
                            "ottl_condition": {"error_mode": "ignore", "span": quiet},
                        },
                        {
                            "name": "and-all-well",
                            "type": "not",
                            "not": {"not_sub_policy": {"name": "failed", **failed}},
                        },
                    ]
                },
            },
            {"name": "failed", **failed},
            {
                "name": "slow",
                "type": "latency",
                "latency": {"threshold_ms": round(settings.slow_seconds * 1000)},
            },
            {
                "name": "share",
                "type": "probabilistic",
                "probabilistic": {"sampling_percentage": settings.sample_percent},
            },
        ],
    }


def _redaction() -> dict[str, object]:
    """Attributes of resources, scopes, spans and their events."""
    return {
        "allow_all_keys": True,
        "redact_all_types": True,
        "blocked_key_patterns": list(MASKED_KEYS),
        "blocked_values": list(MASKED_VALUES),
        "summary": "silent",
    }


def _shortening() -> dict[str, object]:
    """What the redaction doesn't look at, and what is too long. Where it fails, the spans are dropped."""
    texts = ("span.name", "span.status.message")
    masked = [
        f'replace_pattern({text}, {json.dumps(pattern)}, "****")'
        for text in texts
        for pattern in MASKED_VALUES
    ]
    cut = [f'replace_pattern({text}, "(?s)^(.{{{LONGEST}}}).+$", "$1")' for text in texts]
    return {
        "error_mode": "propagate",
        # A group for each: one for all would be run for events alone, and not where a span has none.
        "trace_statements": [
            {"context": "span", "statements": [*masked, *cut]},
            *(
                {"context": whose, "statements": [f"truncate_all({whose}.attributes, {LONGEST})"]}
                for whose in ("resource", "scope", "span", "spanevent")
            ),
        ],
    }


def _exporter(settings: CollectorTraces, memory: Sizes, project: str | None) -> tuple[str, dict[str, object]]:
    """Name and configuration of what sends them on, from a queue that outlives a destination's absence."""
    queue = {
        "sizer": "bytes",
        "queue_size": memory.queue,
        "num_consumers": 2,
        "batch": {"flush_timeout": "2s", "sizer": "items", "min_size": 512, "max_size": 2048},
    }
    to = settings.to
    if isinstance(to, CloudTrace):
        if project is None:
            raise ValueError("Cloud Trace needs a project")
        return "googlecloud", {"project": project, "sending_queue": queue}
    sending: dict[str, object] = {
        "endpoint": to.url,
        "timeout": "10s",
        "sending_queue": queue,
        "retry_on_failure": {"initial_interval": "2s", "max_interval": "30s", "max_elapsed_time": "30m"},
    }
    if isinstance(to, Tempo):
        if to.tenant is not None:
            sending["headers"] = {"X-Scope-OrgID": to.tenant}
        if to.token:
            sending["auth"] = {"authenticator": "bearertokenauth"}
    return "otlp_http", sending


def _duration(length: timedelta) -> str:
    return f"{round(length / _SECOND * 1000)}ms"
