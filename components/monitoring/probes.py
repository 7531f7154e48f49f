"""The blackbox exporter's modules: how a probe asks, and what it takes for success.

No header, body or login is in them: whoever may reach the exporter can have it ask, and read its settings.
Source: github.com/prometheus/blackbox_exporter, CONFIGURATION.md; accepted from 0.23 on.
"""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from components.signals.model import ProbeModule, span

from .manifests import as_yaml

PATIENCE = timedelta(seconds=10)
"""How long an answer may take. Who scrapes must wait longer, or sees nothing at all of a slow answer."""
_SIGN_IN = [301, 302, 303, 307, 308, 401, 403]
_ANSWERS = [status.value for status in HTTPStatus if 200 <= status < 500]


def modules() -> Mapping[ProbeModule, Mapping[str, object]]:
    """Every module by its name."""
    return {
        ProbeModule.PAGE: _http(follow_redirects=True),
        ProbeModule.ANSWERS: _http(valid_status_codes=_ANSWERS, follow_redirects=False),
        ProbeModule.SIGN_IN: _http(valid_status_codes=_SIGN_IN, follow_redirects=False),
        ProbeModule.SIGN_IN_OWN_CA: _http(
            valid_status_codes=_SIGN_IN,
            follow_redirects=False,
            # Nothing secret is sent, and the certificate's last day is told all the same.
            tls_config={"insecure_skip_verify": True},
        ),
        ProbeModule.TCP: {"prober": "tcp", "timeout": span(PATIENCE), "tcp": _IP4},
    }


_IP4 = {"preferred_ip_protocol": "ip4", "ip_protocol_fallback": True}
"""Clusters speak IPv4, and a name that has both would fail without it."""


def _http(**settings: object) -> Mapping[str, object]:
    return {"prober": "http", "timeout": span(PATIENCE), "http": {"method": "GET", **_IP4, **settings}}


def modules_file() -> str:
    """The exporter's settings."""
    return as_yaml({"modules": {name.value: module for name, module in modules().items()}})
