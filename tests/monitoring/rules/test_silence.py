"""Alertmanager itself, with the inhibitions that are rendered: whom each outage's alerts reach."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.monitoring.builtin.alertmanager import alertmanager_file
from sandbox import build
from tests.monitoring.builtin.sinks import until
from tests.sandbox.sign_in.front_door import free_port

from .definitions import builtin
from .outages import OUTAGES, Labels

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where an Alertmanager of the image's version answers, with the definition's settings."""
    program = build.ensure(["alertmanager"])["alertmanager"]
    folder, port = tmp_path_factory.mktemp("alertmanager"), free_port()
    config, log = folder / "alertmanager.yml", folder / "log"
    config.write_text(alertmanager_file(builtin()), encoding="utf-8")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                program, f"--config.file={config}", f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
            ],
            stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until(lambda: _is_there(port), why=log.read_text)
        yield port
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("name", OUTAGES)
def test_people_hear_of_the_cause_alone(port: int, name: str) -> None:
    """Silenced by Alertmanager's own reading of the rules: an empty label equals one that isn't there."""
    outage = OUTAGES[name]
    # Each on a stack of its own: one stack's outage silences nothing of another's.
    stack = f"stack-{list(OUTAGES).index(name)}"
    alerts = [dict(one) for one in outage.told | outage.silenced]
    _post(port, [{"labels": {**one, "stack": stack, "severity": "page"}} for one in alerts])

    def reached() -> tuple[frozenset[Labels], frozenset[Labels]]:
        """Those that people hear of, and those that are silenced."""
        found = _of(port, stack)
        silenced = frozenset(_labels(one) for one in found if one["status"]["inhibitedBy"])
        return frozenset(map(_labels, found)) - silenced, silenced

    until(lambda: reached() == (outage.told, outage.silenced), why=lambda: str(reached()))


def _is_there(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _post(port: int, alerts: list[Mapping[str, object]]) -> None:
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v2/alerts",
        json.dumps(alerts).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(asked, timeout=10).close()  # noqa: S310  loopback


def _of(port: int, stack: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/alerts", timeout=10) as answer:
        return [one for one in json.load(answer) if one["labels"].get("stack") == stack]


def _labels(one: Mapping[str, Any]) -> Labels:
    return frozenset((key, value) for key, value in one["labels"].items() if key not in ("stack", "severity"))
