"""The stack's configuration in a real Fluent Bit, which reads files as containerd writes them."""

import base64
import json
import os
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

from components.config.logs import ElasticsearchLogs, ExistingLoki, Loki
from components.logs.fluent_bit import ALIVE, METRICS
from components.logs.watch import agent_watch

from .programs import LogFiles, Receiver, Running, eventually, receiver, running
from .samples import ALONE, SECRETS, SERVER, WHOLE

LAST = "the last line"


def messages(server: Receiver) -> list[str]:
    return [str(record["message"]) for record in server.records]


def wait_for(server: Receiver) -> None:
    eventually(lambda: LAST in server.text, "the last line arrives")


def wait_for_last(server: Receiver) -> list[str]:
    """All messages, once the last one has arrived."""
    wait_for(server)
    return messages(server)


def loki(server: Receiver) -> str:
    return f"http://127.0.0.1:{server.port}"


def get(agent: Running, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{agent.places.port}{path}", timeout=5) as answer:
        return str(answer.read().decode())


def metrics(agent: Running) -> str:
    """Its metrics, once it has any: it collects them when it has been up for a few seconds."""

    def page() -> str:
        assert agent.process.poll() is None, agent.log.read_text()
        try:
            return get(agent, METRICS)
        except OSError:
            return ""

    return eventually(page, "Fluent Bit tells its metrics")


def test_every_kind_of_traceback_arrives_as_one_record(tmp_path: Path) -> None:
    """What is torn apart can't be searched for, counted or understood."""
    with receiver() as server, running(tmp_path, Loki(), loki(server)):
        files = LogFiles(root=tmp_path / "pods")
        expected = []
        for text in WHOLE.values():
            files.write(f"{ALONE[0]}\n{text}")
            expected += [ALONE[0], text]
        files.write(f"{ALONE[1]}\n{SERVER}\n{LAST}")
        first, _, statement = SERVER.partition("\n")
        found = wait_for_last(server)
    masked = [re.sub(r"(?s)(PRIVATE KEY-----).*(-----END)", r"\1[masked]\2", text) for text in expected]
    masked = [text.replace("S3cretPassw0rd", "[masked]") for text in masked]
    assert found == [*masked, ALONE[1], first, statement, LAST]


def test_a_traceback_at_the_end_is_not_held_back(tmp_path: Path) -> None:
    """A program that died of it writes nothing more."""
    with receiver() as server, running(tmp_path, Loki(), loki(server)):
        LogFiles(root=tmp_path / "pods").write(WHOLE["chained"])
        eventually(lambda: WHOLE["chained"] in messages(server), "it arrives by itself", 20)


def test_standard_output_between_its_lines_does_not_tear_a_traceback(tmp_path: Path) -> None:
    """Both streams are in one file, in the order of time."""
    with receiver() as server, running(tmp_path, Loki(), loki(server)):
        files = LogFiles(root=tmp_path / "pods")
        for number, line in enumerate(WHOLE["uvicorn"].split("\n")):
            files.write(line)
            files.write(f'INFO:     10.1.1.1:1 - "GET /{number} HTTP/1.1" 200 OK', stream="stdout")
        files.write(LAST)
        found = wait_for_last(server)
    assert WHOLE["uvicorn"] in found
    assert len(found) == 2 + len(WHOLE["uvicorn"].split("\n"))


def test_no_secret_leaves_the_node_or_lies_in_its_buffer(tmp_path: Path) -> None:
    """The buffer is a file that outlives the line."""
    with receiver() as server, running(tmp_path, Loki(), loki(server)) as agent:
        server.away = True
        files = LogFiles(root=tmp_path / "pods")
        for line in SECRETS.values():
            files.write(line)
        files.write(json.dumps({"msg": "json", "password": "fieldSecret1", "url": "http://a:fieldSecret2@b"}))
        files.write("x" * 20_000 + " password=cutInTwo" + "y" * 20_000)
        files.write(LAST)
        folder = Path(agent.places.state) / "buffer"
        kept = eventually(
            lambda: b"".join(
                one.read_bytes()
                for one in folder.rglob("*")
                if one.is_file() and LAST.encode() in one.read_bytes()
            ),
            "the buffer is on disk",
        )
        server.away = False
        wait_for_last(server)
        sent = server.text
    secrets = [json.dumps(secret)[1:-1] for secret in SECRETS]
    for secret in [*secrets, "fieldSecret1", "fieldSecret2", "cutInTwo"]:
        assert secret not in sent
        assert secret.encode() not in kept
    assert sent.count("[masked]") >= len(SECRETS) + 3


def test_what_is_written_while_the_destination_is_away_arrives_later(tmp_path: Path) -> None:
    """A restart of Loki, or a night of its node, loses nothing; nor does a restart of the agent meanwhile."""
    with receiver() as server:
        server.away = True
        files = LogFiles(root=tmp_path / "pods")
        with running(tmp_path, Loki(), loki(server)) as agent:
            files.write("\n".join(f"line {number}" for number in range(500)))
            folder = Path(agent.places.state) / "buffer"
            eventually(
                lambda: any(b"line 499" in one.read_bytes() for one in folder.rglob("*.flb")), "buffered"
            )
        with running(tmp_path, Loki(), loki(server)):
            server.away = False
            files.write(LAST)
            wait_for_last(server)
            eventually(lambda: "line 499" in messages(server), "the old ones arrive, too")
            found = messages(server)
    assert found == [*[f"line {number}" for number in range(500)], LAST]


def test_the_buffer_keeps_within_its_bounds(tmp_path: Path) -> None:
    """A node must not die of logs that nobody takes: the oldest go, and a metric says how many."""
    limit = 6_000_000
    with receiver() as server, running(tmp_path, Loki(), loki(server), buffer=limit) as agent:
        server.away = True
        files = LogFiles(root=tmp_path / "pods")
        folder = Path(agent.places.state) / "buffer"
        for batch in range(12):
            files.write("\n".join(f"{batch} {number} " + "x" * 1000 for number in range(1500)))
        files.write(LAST)

        def dropped() -> float:
            found = re.search(r'dropped_records_total\{name="destination"\} (\d+)', metrics(agent))
            return float(found.group(1)) if found else 0

        eventually(dropped, "something was dropped")
        eventually(
            lambda: any(LAST.encode() in one.read_bytes() for one in folder.rglob("*.flb")), "all is read"
        )
        # One chunk of 2 MB is being filled besides.
        assert sum(one.stat().st_size for one in folder.rglob("*.flb")) < limit + 2 * 2_500_000
        server.away = False
        wait_for_last(server)
        assert f"11 1499 {'x' * 1000}" in messages(server)


def test_only_the_stack_s_own_pods_are_read(tmp_path: Path) -> None:
    """The node's folder holds everybody's."""
    with receiver() as server:
        files = LogFiles(root=tmp_path / "pods")
        for other in ("kube-system", "kotaemon-2", "kotaemon-logs", "not-kotaemon"):
            files.write("of others", files.path(namespace=other))
        files.write(f"INFO own\n{LAST}")
        with running(tmp_path, Loki(), loki(server)):
            assert wait_for_last(server) == ["INFO own", LAST]
            assert {str(record["namespace"]) for record in server.records} == {"kotaemon"}


def test_rotated_files_are_read_to_their_end(tmp_path: Path) -> None:
    """The kubelet renames a file at 10 MiB and starts a new one."""
    with receiver() as server, running(tmp_path, Loki(), loki(server)):
        files = LogFiles(root=tmp_path / "pods")
        files.write("before")
        eventually(lambda: "before" in messages(server), "it is read")
        file = files.path()
        files.write("the old file's last")
        file.rename(file.with_name("0.log.20261121-213000"))
        files.write(LAST)
        wait_for_last(server)
        assert messages(server) == ["before", "the old file's last", LAST]


def test_probes_are_dropped_before_they_are_sent(tmp_path: Path) -> None:
    with receiver() as server, running(tmp_path, Loki(), loki(server)):
        probe = 'INFO:     10.0.0.1:44 - "GET /app_id HTTP/1.1" '
        LogFiles(root=tmp_path / "pods").write(f"{probe}200 OK\n{probe}503 Service Unavailable\n{LAST}")
        assert wait_for_last(server) == [f"{probe}503 Service Unavailable", LAST]


def test_labels_are_few(tmp_path: Path) -> None:
    """In Loki each combination is a stream: a pod's name or a request's id would make thousands."""
    with receiver() as server, running(tmp_path, Loki(), loki(server)):
        LogFiles(root=tmp_path / "pods").write(f"ERROR no trace_id=4bf92f3577b34da6a3ce929d0e0e4736\n{LAST}")
        wait_for_last(server)
        labels = [
            set(stream["stream"]) for _, _, body in server.requests for stream in json.loads(body)["streams"]
        ]
        assert all(one == {"job", "namespace", "container", "level"} for one in labels)
        record = server.records[0]
        assert (record["pod"], record["node"]) == ("kotaemon-7d5f-abcde", "node-1")
        assert record["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("password", ["s3cret", 'with "quotes", \\ and # ', "$HOME 100% {}"])
def test_an_existing_loki_is_written_to_as_its_user_and_tenant(tmp_path: Path, password: str) -> None:
    """Whatever the password is made of."""
    with receiver() as server:
        to = ExistingLoki(
            kind="existing-loki", url="http://loki.example.com", tenant="team-1", username="writer"
        )
        with running(tmp_path, to, f"{loki(server)}/prefix", password=password):
            LogFiles(root=tmp_path / "pods").write(LAST)
            wait_for_last(server)
        path, headers, _ = server.requests[0]
    assert path == "/prefix/loki/api/v1/push"
    assert headers["X-Scope-OrgID"] == "team-1"
    assert headers["Authorization"] == "Basic " + base64.b64encode(f"writer:{password}".encode()).decode()


def test_elasticsearch_gets_new_documents_in_the_data_stream(tmp_path: Path) -> None:
    """A data stream takes `create` alone; the id is the same when a file is read twice."""
    with receiver() as server:
        to = ElasticsearchLogs(
            kind="elasticsearch", url="http://es.example.com", index="team-logs", username="writer"
        )
        with running(tmp_path, to, f"{loki(server)}/es"):
            LogFiles(root=tmp_path / "pods").write(f"{WHOLE['sql']}\n{LAST}")
            wait_for(server)
        path, headers, body = server.requests[0]
    lines = [json.loads(line) for line in body.splitlines() if line]
    assert path == "/es/_bulk"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"writer:s3cret").decode()
    assert lines[0]["create"]["_index"] == "team-logs"
    assert lines[0]["create"]["_id"]
    assert "_type" not in lines[0]["create"]
    assert lines[1]["message"] == WHOLE["sql"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", lines[1]["@timestamp"])


def test_elasticsearch_can_tell_what_it_was_sent_before(tmp_path: Path) -> None:
    """A new agent reads again what the node still has; `create` with a known id is refused, and that is all."""
    to = ElasticsearchLogs(kind="elasticsearch", url="http://es.example.com")
    LogFiles(root=tmp_path / "pods").write(f"{WHOLE['sql']}\n{LAST}")
    ids = []
    for _ in range(2):
        shutil.rmtree(tmp_path / "state", ignore_errors=True)
        with receiver() as server, running(tmp_path, to, loki(server)):
            wait_for(server)
            ids.append(re.findall(r'"_id":"([^"]+)"', server.text))
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become the pod's user")
def test_the_pod_s_user_may_read_the_node_s_files_and_nothing_more(tmp_path: Path) -> None:
    """Nobody, of the group root: the kubelet's folders are 0750 and containerd's files 0640, all root's."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    files = LogFiles(root=tmp_path / "pods")
    files.write(LAST)
    of_others = files.path(pod="private")
    of_others.write_text("2026-11-21T21:30:00.000000000Z stderr F private\n", encoding="utf-8")
    for one in (tmp_path / "pods").rglob("*"):
        one.chmod(0o750 if one.is_dir() else 0o640)
    of_others.chmod(0o600)
    with receiver() as server, running(tmp_path, Loki(), loki(server), user=65532) as agent:
        assert wait_for_last(server) == [LAST]
        status = Path(f"/proc/{agent.process.pid}/status").read_text(encoding="utf-8")
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^Uid:\s+65532", status, re.MULTILINE)


def test_it_answers_its_probes(tmp_path: Path) -> None:
    """Whether or not the destination is there: a restart would help with neither."""
    with receiver() as server, running(tmp_path, Loki(), loki(server)) as agent:
        server.away = True
        LogFiles(root=tmp_path / "pods").write(LAST)
        metrics(agent)
        assert "uptime_sec" in get(agent, ALIVE)


def test_it_tells_what_its_alerts_and_panels_ask_for(tmp_path: Path) -> None:
    """A metric that is called otherwise raises no alert, ever."""
    with receiver() as server, running(tmp_path, Loki(), loki(server)) as agent:
        LogFiles(root=tmp_path / "pods").write(LAST)
        wait_for_last(server)
        page = metrics(agent)
    watch = agent_watch("kotaemon", "kotaemon-logs")
    asked = [alert.expr for alert in watch.alerts]
    asked += [query.expr for panel in watch.panels for query in panel.queries]
    served = set(re.findall(r"^(\w+)", page, re.MULTILINE))
    wanted = {name for expr in asked for name in re.findall(r"fluentbit_\w+", expr)}
    assert wanted
    assert wanted <= served
    kept = "|".join(watch.targets[0].keep)
    assert all(re.fullmatch(kept, name) for name in wanted)
    for name in ("pods", "destination"):
        assert f'name="{name}"' in page


@pytest.mark.parametrize("broken", ["multiline.parser", "name"])
def test_a_wrong_configuration_is_refused(tmp_path: Path, broken: str) -> None:
    """What these tests accept, Fluent Bit has checked: it doesn't start with what it doesn't know."""
    with receiver() as server, running(tmp_path, Loki(), loki(server)) as agent:
        agent.process.terminate()
        agent.process.wait(20)
        config = Path(agent.places.files) / "fluent-bit.yaml"
        text = json.loads(config.read_text(encoding="utf-8"))
        text["pipeline"]["inputs"][0][broken] = "nothing-of-that-name"
        config.write_text(json.dumps(text), encoding="utf-8")
        with agent.log.open("ab") as log:
            code = subprocess.run(
                [str(agent.process.args[0]), "--config", str(config)],  # type: ignore[index]
                stdout=log,
                stderr=log,
                timeout=30,
                cwd=tmp_path,
            ).returncode
        assert code != 0
