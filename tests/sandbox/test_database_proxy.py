"""Cloud SQL's proxy itself, with the arguments that Kotaemon's pod gives it, without Google Cloud."""

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pulumi_kubernetes import core

from components import images
from components.contracts import DatabaseProxy
from components.kotaemon import sidecars
from sandbox import build
from tests.sandbox.sign_in.front_door import free_port

pytestmark = pytest.mark.sandbox

CONTAINER = sidecars.database_proxy(
    DatabaseProxy(
        instance="my-project:europe-west3:kotaemon", account="a@my-project.iam.gserviceaccount.com"
    ),
    5432,
)


def start(folder: Path, ports: tuple[int, int], **more: str) -> "subprocess.Popen[str]":
    """The container's process, on other ports; what it is to Google is in `more`."""
    here = {"--port": str(ports[0]), "--http-port": str(ports[1]), "--http-address": "127.0.0.1"}
    given = (argument.partition("=") for argument in cast(list[str], CONTAINER.args))
    arguments = [f"{name}{sign}{here.get(name, value)}" for name, sign, value in given]
    return subprocess.Popen(
        [build.ensure(["cloud-sql-proxy"])["cloud-sql-proxy"], *arguments],
        env={"HOME": str(folder), "NO_GCE_CHECK": "true", **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A service account's key that nobody knows; its tokens would come from a port where nothing listens."""
    private = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    fields = {
        "type": "service_account",
        "project_id": "my-project",
        "private_key_id": "1",
        "private_key": private.decode(),
        "client_email": "a@my-project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "http://127.0.0.1:1/token",
    }
    path = tmp_path / "key.json"
    path.write_text(json.dumps(fields))
    return path


@pytest.fixture
def running(tmp_path: Path, key: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """The proxy and the port of its probes."""
    ports = free_port(), free_port()
    process = start(tmp_path, ports, GOOGLE_APPLICATION_CREDENTIALS=str(key))
    yield process, ports[1]
    process.kill()
    process.wait()


def answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_what_runs_here_is_what_the_pod_runs() -> None:
    """Flags come and go with versions."""
    assert images.CLOUD_SQL_PROXY.endswith(f":{build.BINARIES['cloud-sql-proxy'].version}")


def test_it_takes_its_arguments_and_asks_for_credentials_alone(tmp_path: Path) -> None:
    """Without them it ends, and Kubernetes starts it again."""
    process = start(tmp_path, (free_port(), free_port()))
    said = process.communicate(timeout=30)[0]

    assert process.returncode == 1
    assert "could not find default credentials" in said
    assert "unknown flag" not in said


def test_its_probes_answer_and_it_ends_well(running: tuple["subprocess.Popen[str]", int]) -> None:
    """The database needn't be there: else one that restarts would take every pod out of service."""
    process, port = running
    probes = (CONTAINER.startup_probe, CONTAINER.readiness_probe, CONTAINER.liveness_probe)
    asked = [cast(core.v1.HTTPGetActionArgs, cast(core.v1.ProbeArgs, probe).http_get) for probe in probes]
    deadline = time.monotonic() + 30
    while not answers(port, str(asked[0].path)) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert all(answers(port, str(action.path)) for action in asked)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=10)[0]
    assert process.returncode == 0, said
    assert "PRIVATE KEY" not in said
