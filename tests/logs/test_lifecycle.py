"""What Elasticsearch is told of retention, by the script itself in a real shell with the real curl."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from components.logs.elasticsearch import policy, template

from .programs import Receiver, receiver

SCRIPT = Path(__file__).parents[2] / "components" / "logs" / "files" / "elasticsearch.sh"


def told(
    tmp_path: Path, server: Receiver, password: str = "", user: str = ""
) -> subprocess.CompletedProcess[str]:
    if shutil.which("curl") is None:
        pytest.skip("this machine has no curl")
    for name, body in (("policy", policy(30)), ("template", template("team-logs"))):
        (tmp_path / f"{name}.json").write_text(json.dumps(body), encoding="utf-8")
    script = SCRIPT.read_text(encoding="utf-8").replace("/etc/logs/", f"{tmp_path}/")
    environment = {
        "PATH": os.environ["PATH"],
        "LOGS_URL": f"http://127.0.0.1:{server.port}/es",
        "LOGS_INDEX": "team-logs",
        "LOGS_USER": user,
        "LOGS_PASSWORD": password,
        "no_proxy": "127.0.0.1",
    }
    script = script.replace("--retry 20 --retry-delay 5", "--retry 0")
    return subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("password", ["plain", 'with "quotes" and \\backslashes\\', "päss wörd#1 $HOME"])
def test_retention_and_template_are_put_as_the_user(tmp_path: Path, password: str) -> None:
    """Whatever the password is made of."""
    with receiver() as server:
        done = told(tmp_path, server, password, "writer")
        assert done.returncode == 0, done.stderr
        paths = [path for path, _, _ in server.requests]
        assert paths == ["/es/_ilm/policy/team-logs", "/es/_index_template/team-logs"]
        assert json.loads(server.requests[0][2]) == policy(30)
        for _, headers, _ in server.requests:
            assert (
                headers["Authorization"]
                == "Basic " + base64.b64encode(f"writer:{password}".encode()).decode()
            )
    assert password not in done.stdout + done.stderr


def test_without_a_user_nobody_signs_in(tmp_path: Path) -> None:
    with receiver() as server:
        assert told(tmp_path, server).returncode == 0
        assert all("Authorization" not in headers for _, headers, _ in server.requests)


def test_a_refusal_fails_the_job(tmp_path: Path) -> None:
    """Else logs would be kept for ever, and nobody would know."""
    with receiver() as server:
        server.away = True
        assert told(tmp_path, server).returncode != 0
