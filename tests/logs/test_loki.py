"""From a container's file to an answer: Fluent Bit and Loki, both real, both as the stack configures them."""

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.config.logs import Loki
from components.logs.fluent_bit import METRICS
from components.logs.loki import loki_config
from sandbox import build

from .programs import LogFiles, Running, eventually, free_port, running
from .samples import SECRETS, WHOLE

pytestmark = pytest.mark.sandbox


def ask(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
        return str(answer.read().decode())


def _answers(url: str) -> bool:
    try:
        return bool(ask(url))
    except OSError:
        return False


@pytest.fixture(scope="module")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Loki that runs as the stack's does."""
    folder = tmp_path_factory.mktemp("loki")
    # Its port and the one above it.
    port = free_port()
    config = folder / "loki.yaml"
    config.write_text(loki_config(Loki(), data=str(folder / "data"), port=port, listen="127.0.0.1"))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(build.ensure(["loki"])["loki"]), "-target=all", f"-config.file={config}"],
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: process.poll() is not None or _answers(f"{url}/ready"), "Loki is ready", 120)
        assert process.poll() is None, (folder / "log").read_text()
        yield url
    finally:
        process.terminate()
        process.wait(60)


def query(url: str, logql: str) -> list[str]:
    """What LogQL finds in the last hour, the oldest first."""
    start = datetime.now(UTC) - timedelta(hours=1)
    asked = urllib.parse.urlencode(
        {"query": logql, "start": start.isoformat(), "limit": 1000, "direction": "forward"}
    )
    found = json.loads(ask(f"{url}/loki/api/v1/query_range?{asked}"))["data"]["result"]
    values = [(at, line) for stream in found for at, line in stream["values"]]
    return [line for _, line in sorted(values)]


@pytest.fixture(scope="module")
def filled(loki: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Loki, once it has what a day brings: tracebacks, JSON, secrets, probes."""
    folder = tmp_path_factory.mktemp("node")
    with running(folder, Loki(), loki):
        files = LogFiles(root=folder / "pods")
        for text in WHOLE.values():
            files.write(f"INFO:     before\n{text}")
        for text in SECRETS.values():
            files.write(text, files.path(container="secrets"))
        proxy = files.path(container="cloud-sql-proxy")
        files.write('{"severity":"ERROR","message":"no way in","attempt":3}', proxy)
        files.write("ERROR slow trace_id=4bf92f3577b34da6a3ce929d0e0e4736")
        files.write('INFO:     10.0.0.1:44 - "GET /app_id HTTP/1.1" 200 OK\nthe end')
        eventually(lambda: query(loki, '{namespace="kotaemon"} |= "the end"'), "the last line is found")
        eventually(lambda: query(loki, '{container="cloud-sql-proxy"}'), "the other file's, too")
        eventually(
            lambda: query(loki, '{container="secrets"} |= "BUnter" or "RSA PRIVATE"'), "and the third's"
        )
    return loki


MESSAGE = '| json | line_format "{{.message}}"'


@pytest.mark.parametrize("name", [name for name in WHOLE if name not in ("plain", "key")])
def test_a_traceback_is_found_whole(filled: str, name: str) -> None:
    """By a word of its middle."""
    found = query(filled, f'{{namespace="kotaemon",container="kotaemon"}} {MESSAGE}')
    assert WHOLE[name] in found


def test_errors_of_all_programs_are_found_by_one_query(filled: str) -> None:
    found = query(filled, f'{{namespace="kotaemon",level="error"}} {MESSAGE}')
    assert "no way in" in found
    assert WHOLE["uvicorn"] in found
    assert not [line for line in found if line.startswith("INFO")]


def test_fields_of_json_lines_can_be_asked_for(filled: str) -> None:
    (line,) = query(filled, '{container="cloud-sql-proxy"} | json | fields_attempt = 3')
    assert json.loads(line)["fields"] == {"attempt": 3}


def test_a_trace_s_lines_are_found_by_its_id(filled: str) -> None:
    """From a slow request in a trace to what was logged meanwhile."""
    found = query(filled, '{namespace="kotaemon"} | json | trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"')
    assert len(found) == 1


def test_no_secret_is_found(filled: str) -> None:
    everything = "\n".join(query(filled, '{job="fluent-bit"}'))
    assert "[masked]" in everything
    for secret in SECRETS:
        assert json.dumps(secret)[1:-1] not in everything


def test_no_probe_is_found(filled: str) -> None:
    assert not query(filled, '{namespace="kotaemon"} |= "/app_id"')


def test_retention_is_in_force(filled: str) -> None:
    """As Loki itself says, after it has read the configuration."""
    config = ask(f"{filled}/config")
    assert "retention_period: 2w" in config
    assert "retention_enabled: true" in config
    assert "reporting_enabled: false" in config


def test_its_metrics_are_those_that_are_kept(filled: str) -> None:
    """What monitoring keeps of its page is there."""
    page = ask(f"{filled}/metrics")
    for name in ("loki_distributor_bytes_received_total", "loki_ingester_memory_streams"):
        assert f"\n{name}" in page


def test_what_is_read_twice_is_there_once(loki: str, tmp_path: Path) -> None:
    """A new pod of the agent's knows nothing of how far the old one has read."""
    files = LogFiles(root=tmp_path / "pods")
    lines = [f"again {number}" for number in range(20)]
    files.write("\n".join([*lines, WHOLE["sql"]]), files.path(container="again"))
    for _ in range(2):
        shutil.rmtree(tmp_path / "state", ignore_errors=True)
        with running(tmp_path, Loki(), loki) as agent:
            eventually(lambda: _delivered(agent) == 21, "all of it is delivered")
    found = query(loki, f'{{container="again"}} {MESSAGE}')
    assert found == [*lines, WHOLE["sql"]]


def _delivered(agent: Running) -> float:
    try:
        page = ask(f"http://127.0.0.1:{agent.places.port}{METRICS}")
    except OSError:
        return 0
    found = re.search(r'output_proc_records_total\{name="destination"\} (\d+)', page)
    return float(found.group(1)) if found else 0
