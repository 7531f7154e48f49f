"""What passes, what is logged, and how it ends."""

import hashlib
import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from components.contracts import SignIn
from components.kotaemon.sidecars import ALIVE, HEALTH
from tests.sandbox.sign_in.front_door import (
    ANN,
    COOKIE,
    COOKIE_SECRET,
    GATEWAY,
    Browser,
    Gate,
    Upstream,
    ask,
    running,
)
from tests.sandbox.sign_in.oidc import CLIENT_SECRET, Provider

pytestmark = pytest.mark.sandbox

MEMORY_LIMIT = 128 * 2**20


@contextmanager
def stream(browser: Browser) -> Iterator[http.client.HTTPResponse]:
    """The events of an answer, as they come."""
    connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=30)
    try:
        connection.request("GET", "/queue/data?session_hash=x", headers=GATEWAY | {"Cookie": browser.header})
        yield connection.getresponse()
    finally:
        connection.close()


def event(answer: http.client.HTTPResponse) -> str:
    line = answer.readline().decode()
    assert answer.readline() == b"\n"
    return line.removeprefix("data: ").strip()


def test_an_answer_s_words_come_as_they_are_said(ann: Browser, application: Upstream) -> None:
    """Each is read here before the next one is sent; a model may think for long in between."""
    application.events.put("first")
    with stream(ann) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert event(answer) == "first"
        for number in range(3):
            time.sleep(2)
            sent = time.monotonic()
            application.events.put(f"word {number}")
            assert event(answer) == f"word {number}"
            assert time.monotonic() - sent < 0.5
        application.events.put(None)
        assert answer.read() == b""


def test_uploads_pass_whole_and_within_the_memory_limit(ann: Browser, gate: Gate) -> None:
    data = b"0123456789abcdef" * 2**22  # 64 MB
    answer = ann.ask("/upload?upload_id=x", method="POST", body=data)

    assert answer.status == 200
    assert json.loads(answer.body)["sha256"] == hashlib.sha256(data).hexdigest()
    if Path("/proc/self/statm").exists():
        assert gate.memory() < 0.75 * MEMORY_LIMIT


def test_probes_don_t_fill_the_log(gate: Gate) -> None:
    before = gate.log.stat().st_size
    for path in ("/oauth2/ping", "/oauth2/ready", HEALTH, ALIVE):
        for _ in range(10):
            assert ask(gate.port, path).status == 200
    assert gate.log.stat().st_size == before


def test_the_log_says_who_came_and_holds_no_secret(ann: Browser, gate: Gate, identities: Provider) -> None:
    """Logs are kept for long and read by many."""
    for path in ("/", "/config"):
        ann.ask(path)
    ask(gate.port, "/config", {"Authorization": "Bearer of-somebody", "Cookie": f"{COOKIE}=of-somebody"})

    log = gate.log.read_text()
    assert "ann@example.org [" in log
    assert '"/config"' in log
    secrets = [
        CLIENT_SECRET,
        COOKIE_SECRET,
        "of-somebody",
        *identities.tokens,
        *ann.cookies[COOKIE].split("|")[::2],
    ]
    assert not [secret[:8] for secret in secrets if secret in log]


def test_it_ends_when_told_but_not_in_the_middle_of_an_answer(
    given: SignIn, application: Upstream, identities: Provider, tmp_path: Path
) -> None:
    """Kotaemon ends first, and its streams with it; the pod's grace period is 60 s."""
    identities.claims = dict(ANN)
    with running(given, application, identities, tmp_path) as gate:
        browser = Browser(gate.port, identities)
        browser.sign_in()
        application.events.put("before")
        with stream(browser) as answer:
            assert event(answer) == "before"
            gate.terminate()
            time.sleep(1)
            application.events.put("after")
            assert event(answer) == "after"
            application.events.put(None)
            assert answer.read() == b""
        assert gate.process.wait(5) == 0


def test_it_ends_at_once_where_the_provider_doesn_t_answer(
    given: SignIn, application: Upstream, identities: Provider, tmp_path: Path
) -> None:
    """Kubernetes starts it again, and says so; a proxy that waited would look as if it just took long."""
    gate = Gate(replace(given, issuer="https://localhost:1"), application, identities.ca, tmp_path)
    try:
        assert gate.process.wait(30) == 1
        assert "failed to discover OIDC configuration" in gate.log.read_text()
    finally:
        gate.end()
