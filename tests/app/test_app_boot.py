"""Processes that start at the same time, as pods do, with the real gradio: only one of them loads at a time."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import PATHS, Cases, _connect
from servers import free_port

WAITING = "another pod is starting"
# As upstream's two programs: the settings, then the tables, then the page.
LOADED = """
from pathlib import Path
from theflow.settings import settings
settings.KH_DATABASE
print("loaded", flush=True)
import time
while not Path("go").exists():
    time.sleep(0.05)
import gradio
with gradio.Blocks() as demo:
    gradio.Markdown("hello")
"""
PROGRAMS = {
    "app.py": LOADED + "demo.queue().launch()\n",
    "sso_app.py": LOADED
    + """
import gradiologin
from fastapi import FastAPI
app = FastAPI()
gradiologin.mount_gradio_app(app, demo, "/app")
""",
    "shell.py": LOADED.partition("import time")[0],
}


class Pod:
    """A process in a folder of its own; it goes on from its settings to the page when told to."""

    def __init__(self, folder: Path, variables: dict[str, str], program: str) -> None:
        folder.mkdir()
        (folder / program).write_text(PROGRAMS[program])
        self._folder, self.port = folder, free_port()
        command = [program]
        if program == "sso_app.py":
            command = ["-m", "uvicorn", "sso_app:app", "--port", str(self.port)]
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                cwd=folder,
                stdout=out,
                stderr=err,
                env={
                    **{k: v for k, v in os.environ.items() if not k.startswith("KOTAEMON_")},
                    **variables,
                    "PYTHONPATH": os.pathsep.join([*PATHS, str(folder)]),
                    "GRADIO_SERVER_PORT": str(self.port),
                    "NO_PROXY": "localhost,127.0.0.1",
                },
            )

    @property
    def out(self) -> str:
        return (self._folder / "out").read_text()

    @property
    def err(self) -> str:
        return (self._folder / "err").read_text()

    def go(self) -> None:
        (self._folder / "go").touch()

    def serves(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def until(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not ready():
            assert self.process.poll() is None, self.err
            assert time.monotonic() < deadline, (self.out, self.err)
            time.sleep(0.05)

    def loads(self) -> None:
        self.until(lambda: "loaded" in self.out)

    def waits(self) -> None:
        self.until(lambda: WAITING in self.out)


Start = Callable[..., Pod]


@contextmanager
def starting(variables: dict[str, str], folder: Path) -> Iterator[Start]:
    """A function that starts a pod."""
    pods: list[Pod] = []

    def begin(program: str = "app.py", **more: str) -> Pod:
        pods.append(Pod(folder / str(len(pods)), {**variables, **more}, program))
        return pods[-1]

    try:
        yield begin
    finally:
        for pod in pods:
            pod.process.kill()
            pod.process.wait()


@pytest.fixture
def start(variables: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    with starting(variables, tmp_path) as begin:
        yield begin


@pytest.fixture(scope="module")
def holder(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pod]:
    """A pod that never gets to its page."""
    with starting({**variables, "KOTAEMON_PG_DATABASE": "pods"}, tmp_path_factory.mktemp("holder")) as begin:
        pod = begin()
        pod.loads()
        yield pod


@pytest.mark.parametrize("program", ["app.py", "sso_app.py"])
def test_the_second_pod_loads_when_the_first_one_serves(start: Start, program: str) -> None:
    """Two first starts at once collide in the tables, and a half-made first start can't be mended."""
    first = start(program)
    first.loads()
    second = start(program)
    second.waits()
    second.go()
    time.sleep(1)
    assert "loaded" not in second.out
    assert not second.serves()
    first.go()
    second.until(second.serves)
    assert "loaded" in second.out
    assert first.serves()  # it gave the lock back and lives


def test_a_pod_that_is_killed_while_it_starts_lets_the_next_one_in(start: Start) -> None:
    first = start()
    first.loads()
    second = start()
    second.waits()
    first.process.kill()
    second.loads()


def test_a_pod_that_is_killed_while_it_waits_leaves_the_queue(holder: Pod, start: Start, server: Any) -> None:
    """Else the server would hand the lock to nobody, and keep it until it writes to the closed connection."""
    pod = start(KOTAEMON_PG_DATABASE="pods")
    pod.waits()
    pod.process.kill()
    with _connect(server, "pods") as db:
        deadline = time.monotonic() + 20
        while db.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") != [[0]]:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_a_pod_that_is_told_to_stop_while_it_waits_stops(holder: Pod, start: Start) -> None:
    pod = start(KOTAEMON_PG_DATABASE="pods")
    pod.waits()
    pod.process.send_signal(signal.SIGTERM)
    assert pod.process.wait(10) != 0
    assert "loaded" not in pod.out


def test_a_pod_that_waited_too_long_ends_with_one_line(holder: Pod, start: Start) -> None:
    pod = start(KOTAEMON_PG_DATABASE="pods", KOTAEMON_BOOT_LOCK_SECONDS="1")
    assert pod.process.wait(60) == 1
    (line,) = pod.err.splitlines()
    assert line.startswith("kotaemon_settings: KOTAEMON_BOOT_LOCK_SECONDS=1: another pod has been starting")


def test_a_process_that_serves_no_page_waits_for_nobody(holder: Pod, start: Start) -> None:
    """GraphRAG's processes and an administrator's shell load the same settings, while a pod starts or not."""
    shell = start("shell.py", KOTAEMON_PG_DATABASE="pods")
    assert shell.process.wait(60) == 0, shell.err
    assert (WAITING in shell.out, "loaded" in shell.out) == (False, True)


def test_another_database_or_none_has_a_lock_of_its_own(holder: Pod, start: Start) -> None:
    pods = [start(KOTAEMON_PG_DATABASE="stores"), start(KOTAEMON_PG_HOST="")]
    for pod in pods:
        pod.go()
        pod.until(pod.serves)
        assert WAITING not in pod.out


def test_the_server_notices_a_lost_node_soon_and_no_limit_for_queries_ends_the_wait(app: None) -> None:
    """A node that loses power closes no connection: by default its lock would stay for two hours."""
    from sqlalchemy import text

    import kotaemon_boot
    from kotaemon_sql import engine

    with engine.connect() as pooled, pooled.execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(text("SET statement_timeout = 100"))
        assert kotaemon_boot.take(db, 7)
        shown = {
            name: db.execute(text(f"SHOW {name}")).scalar()
            for name in (*kotaemon_boot._SESSION, "lock_timeout")
        }
        db.detach()  # not back into the pool
    assert shown == {
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "client_connection_check_interval": "5s",
        "statement_timeout": "0",
        "idle_session_timeout": "0",
        "lock_timeout": "7s",
    }


def test_a_bad_number_of_seconds_is_refused(cases: Cases) -> None:
    error = cases("", KOTAEMON_BOOT_LOCK_SECONDS="5m").error
    assert "KOTAEMON_BOOT_LOCK_SECONDS='5m': allowed are whole numbers from 1 to 3600" in error
