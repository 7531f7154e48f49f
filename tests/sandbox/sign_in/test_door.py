"""Without a session: behind the door is remote code execution, so nothing may get through it."""

import time

import pytest

from components import images
from components.kotaemon.sidecars import ALIVE, HEALTH
from components.monitoring.google.uptime import CLOSED, HEADERS
from sandbox import build
from tests.sandbox.sign_in.front_door import COOKIE, Gate, Upstream, ask, refused
from tests.sandbox.sign_in.oidc import Provider

pytestmark = pytest.mark.sandbox


def test_what_runs_here_is_what_the_pod_runs() -> None:
    """Flags, and the ways around them, come and go with versions."""
    assert images.OAUTH2_PROXY.endswith(f":v{build.BINARIES['oauth2-proxy'].version}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/config"),
        ("GET", "/file=/etc/passwd"),
        ("GET", "/metrics"),
        ("GET", "/oauth2/auth"),
        ("GET", "/oauth2/userinfo"),
        ("POST", "/queue/join"),
        ("POST", "/upload"),
        ("OPTIONS", "/config"),
        ("CONNECT", "/config"),
        # What the probes ask, but not as they do.
        ("POST", HEALTH),
        ("HEAD", HEALTH),
        ("PUT", ALIVE),
        ("GET", f"{HEALTH}/"),
        ("GET", f"{HEALTH}/../config"),
        ("GET", f"{HEALTH}/%2e%2e/config"),
        ("GET", f"{HEALTH}%2f..%2fconfig"),
        ("GET", f"/config/%2e%2e{HEALTH}"),
        ("GET", f"/{HEALTH}"),
        ("GET", f"{HEALTH};/config"),
        ("GET", f"{HEALTH}%0a"),
        ("GET", f"{HEALTH}%00"),
        ("GET", f"{HEALTH}#/../config"),
        ("GET", f"/config#{HEALTH}"),
        ("GET", f"/config?{HEALTH}"),
        ("GET", f"{ALIVE}/../config"),
        ("GET", "/themeXcss"),
        ("GET", f"http://127.0.0.1/config?{HEALTH}"),
    ],
)
def test_without_a_session_nothing_reaches_the_application(
    gate: Gate, application: Upstream, identities: Provider, method: str, path: str
) -> None:
    answer = ask(gate.port, path, method=method, body=b"{}" if method == "POST" else None)

    assert refused(answer, identities.issuer), answer
    assert application.seen == []


@pytest.mark.parametrize(
    "headers",
    [
        # GHSA-7x63-xv5r-3p2x: taken from any proxy that is trusted, and Gateways pass it on.
        {"X-Forwarded-Uri": HEALTH},
        {"X-Original-URL": HEALTH, "X-Rewrite-URL": HEALTH},
        {"X-Forwarded-Method": "GET", "X-Forwarded-Path": HEALTH, "X-Forwarded-Prefix": HEALTH},
        {"X-Forwarded-Host": "127.0.0.1", "X-Forwarded-Uri": f"{HEALTH}?"},
        {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
        # GHSA-5hvv-m4w4-gf6v: as health checks call themselves.
        {"User-Agent": "GoogleHC/1.0"},
        {"User-Agent": "kube-probe/1.34"},
        {"X-Forwarded-Email": "ann@example.org", "X-Forwarded-User": "ann"},
        {"Authorization": "Basic YW5uOmFubg=="},
        {"Authorization": "Bearer e30.e30.e30"},
        {"Cookie": f"{COOKIE}=YQ==|{int(time.time())}|YQ=="},
        {"Connection": "Upgrade", "Upgrade": "websocket"},
        {"Accept": "application/json"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_no_header_opens_the_door(
    gate: Gate, application: Upstream, identities: Provider, headers: dict[str, str]
) -> None:
    answer = ask(gate.port, "/config", headers)

    assert refused(answer, identities.issuer), answer
    assert application.seen == []


@pytest.mark.parametrize("path", [HEALTH, ALIVE, f"{HEALTH}?x=1", "/app_i%64", f"http://127.0.0.1{HEALTH}"])
def test_probes_are_answered_by_the_application_without_a_session(
    gate: Gate, application: Upstream, path: str
) -> None:
    """Else no pod would become ready. However the path is written, it is that page and no other."""
    names = ("X-Forwarded-Email", "X-Forwarded-User", "X-Forwarded-Groups", "X_Forwarded_Email")
    answer = ask(gate.port, path, dict.fromkeys(names, "admin@example.org"))

    assert answer.status == 200
    assert [(seen.method, seen.path) for seen in application.seen] == [("GET", path)]
    assert "admin@example.org" not in application.seen[0].headers.values()


def test_the_proxy_s_own_probes_need_no_session(gate: Gate, application: Upstream) -> None:
    for path in ("/oauth2/ping", "/oauth2/ready"):
        assert (ask(gate.port, path).status, ask(gate.port, path).body) == (200, b"OK")
    assert application.seen == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/queue/join?__theme=light"),
        ("GET", "/queue/data?session_hash=x"),
        ("GET", "/heartbeat/x"),
        ("POST", "/upload?upload_id=x"),
        ("GET", "/upload_progress?upload_id=x"),
        ("POST", "/run/predict"),
    ],
)
def test_a_page_s_own_calls_start_no_sign_in(gate: Gate, method: str, path: str) -> None:
    """A script can't follow a redirect to the provider; Gradio shows an error for 401."""
    answer = ask(gate.port, path, method=method, body=b"{}" if method == "POST" else None)
    assert answer.status == 401
    assert answer.headers.get_all("Set-Cookie", []) == []


def test_whoever_watches_from_outside_is_refused_and_not_sent_on(gate: Gate, application: Upstream) -> None:
    """An uptime check follows a redirect, and would judge the sign-in's page instead of the door."""
    answer = ask(gate.port, "/", headers=HEADERS)

    assert answer.status in CLOSED, answer
    assert not application.seen


@pytest.mark.parametrize("path", ["/", "/config", HEALTH, "/oauth2/userinfo", "/oauth2/start"])
def test_the_port_of_the_metrics_passes_nothing_on(gate: Gate, application: Upstream, path: str) -> None:
    """Whoever scrapes has no session, and must get nowhere by it: it answers metrics, whatever is asked."""
    assert ask(gate.metrics_port, path).body.startswith(b"# HELP")
    assert application.seen == []


def test_the_metrics_count_requests_and_tell_nothing_of_people(gate: Gate) -> None:
    ask(gate.port, HEALTH)
    answer = ask(gate.metrics_port, "/metrics")
    assert answer.status == 200
    assert b'oauth2_proxy_requests_total{code="200"}' in answer.body
    assert b"oauth2_proxy_response_duration_seconds_bucket" in answer.body
    assert b"@" not in answer.body, "an address of somebody's"
