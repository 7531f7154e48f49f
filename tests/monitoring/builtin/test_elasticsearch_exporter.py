"""Elasticsearch's exporter itself, as its pod runs it, before a server that answers as Elasticsearch 8 does."""

import base64
import json
import re
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest

from components.contracts import DocumentAccess, DocumentStore, Endpoint, Peer, SecretRef
from components.monitoring.exporters import TARGETS, elasticsearch_spec
from components.monitoring.names import ELASTICSEARCH_EXPORTER
from components.signals.elasticsearch import elasticsearch_watch
from components.signals.model import Scope
from tests.program import plain
from tests.sandbox.sign_in.front_door import free_port

from .receivers import program
from .sinks import until

pytestmark = pytest.mark.sandbox

PASSWORD = "generated"
ANSWERS = {
    "/": {"name": "elasticsearch-0", "cluster_name": "kotaemon", "version": {"number": "8.13.4"}},
    "/_cluster/health": {"cluster_name": "kotaemon", "status": "green", "number_of_nodes": 1},
    "/_nodes/_local/stats": {
        "cluster_name": "kotaemon",
        "nodes": {
            "abc": {
                "name": "elasticsearch-0",
                "host": "10.0.0.7",
                "roles": ["data", "ingest", "master"],
                "indices": {
                    "docs": {"count": 1200},
                    "search": {"query_total": 40, "query_time_in_millis": 900},
                },
                "jvm": {"mem": {"heap_used_in_bytes": 300_000_000, "heap_max_in_bytes": 1_000_000_000}},
            }
        },
    },
    "/_all/_stats": {"indices": {}},
}
"""Source: elastic.co, "Cluster health", "Nodes stats" and "Index stats" (8.13), cut to what is read here."""


def access(port: int) -> DocumentAccess:
    """How the exporter signs in."""
    return DocumentAccess(
        kind=DocumentStore.ELASTICSEARCH,
        endpoint=Endpoint(host="127.0.0.1", port=port, peer=Peer(labels={})),
        username="elastic",
        password=SecretRef(name="elasticsearch", key="password"),
    )


@contextmanager
def elasticsearch() -> Iterator[int]:
    """The server's port, until the block ends; it wants the password."""
    known = "Basic " + base64.b64encode(f"elastic:{PASSWORD}".encode()).decode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            refused = self.headers.get("Authorization") != known
            self.send_response(401 if refused else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            found = {} if refused else ANSWERS.get(self.path.partition("?")[0], {})
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def exporter(port: int, folder: Path) -> Iterator[int]:
    """The container's process, until the block ends; its port."""
    container = plain(elasticsearch_spec(access(port)))["template"]["spec"]["containers"][0]
    own, log = free_port(), folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                program("elasticsearch-exporter"), *cast(list[str], container["args"]),
                f"--web.listen-address=127.0.0.1:{own}",
            ],
            env={one["name"]: one.get("value", PASSWORD) for one in container["env"]},
            stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        path = container["readiness_probe"]["http_get"]["path"]
        until(lambda: page(own, path), why=log.read_text)
        yield own
    finally:
        process.terminate()
        process.wait(20)


def page(port: int, path: str) -> str:
    """What stands there; nothing while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def test_every_metric_that_is_used_is_told_and_kept(tmp_path: Path) -> None:
    """Their names differ between versions of the exporter."""
    here = Endpoint(host="elasticsearch", port=9200, peer=Peer(labels={}))
    watch = elasticsearch_watch(Scope(namespace="kotaemon"), here, access(9200))
    expressions = [alert.expr for alert in watch.alerts]
    expressions += [query.expr for panel in watch.panels for query in panel.queries]
    used = {name for expr in expressions for name in re.findall(r"\b(elasticsearch_[a-z_]+)\{", expr)}

    with elasticsearch() as port, exporter(port, tmp_path) as own:
        text = page(own, "/metrics")
    names = set(re.findall(r"^(elasticsearch_[a-z_]+)\{", text, re.MULTILINE))
    kept = "|".join(TARGETS[ELASTICSEARCH_EXPORTER].keep)
    assert len(used) > 4
    assert not used - {name for name in names if re.fullmatch(kept, name)}
    assert 'elasticsearch_cluster_health_status{cluster="kotaemon",color="green"} 1' in text


def test_it_stays_up_while_elasticsearch_is_down(tmp_path: Path) -> None:
    """Else its pod's restarts would be told instead of the outage."""
    with exporter(free_port(), tmp_path) as own:
        assert "elasticsearch_exporter_build_info" in page(own, "/metrics")
