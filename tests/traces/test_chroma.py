"""Chroma's real server, told as the stack tells it, and what of its traces arrives."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from components.config.settings import Chroma
from components.config.traces import CollectorTraces
from components.contracts import Endpoint, Peer, SecretRef
from components.traces.senders import chroma_environment
from components.vector_db import chroma_spec
from ops.paths import PROJECT
from tests.program import plain
from tests.sandbox.sign_in.front_door import free_port
from tests.traces.running import Collector, Destination, until

pytestmark = pytest.mark.sandbox

PROGRAMS = PROJECT / "tests/app/.venv/bin"
TOKEN, TEXT = "t0ken-of-chroma", "what-somebody-wrote-in-a-document"


@contextmanager
def chroma(folder: Path, collector: Endpoint) -> Iterator[httpx.Client]:
    """The pod's own command and environment, on another port and in another folder."""
    spec: Any = plain(
        chroma_spec(Chroma(kind="chroma"), SecretRef(name="s", key="k"), chroma_environment(collector))
    )
    (container,) = spec["template"]["spec"]["containers"]
    port = free_port()
    given = {one["name"]: str(one.get("value", TOKEN)) for one in container["env"]}
    given |= {"PERSIST_DIRECTORY": str(folder / "data"), "HOME": str(folder)} | dict(
        chroma_environment(collector)
    )
    changed = {"--host": "127.0.0.1", "--port": str(port)}
    arguments = [
        f"{name}={changed.get(name, value)}"
        for name, _, value in (one.partition("=") for one in container["args"])
    ]
    with (folder / "chroma.log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAMS / container["command"][0], *container["command"][1:], *arguments],
            env=given, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
    )

    def answers() -> bool:
        assert process.poll() is None, (folder / "chroma.log").read_text()[-2000:]
        try:
            return client.get("/api/v2/heartbeat").is_success
        except httpx.TransportError:
            return False

    try:
        until(answers, lambda: (folder / "chroma.log").read_text()[-2000:])
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(30)


@pytest.mark.skipif(
    not (PROGRAMS / "uvicorn").exists(), reason="needs the packages of Kotaemon's image: make test"
)
def test_what_chroma_does_can_be_followed_and_what_it_holds_not_read(tmp_path: Path) -> None:
    kept = Destination()
    settings = CollectorTraces.model_validate(
        {"kind": "collector", "to": {"kind": "jaeger", "url": "http://jaeger:4318"}, "sample_percent": 100}
    )
    with Collector(tmp_path, settings, kept.url) as collector:
        endpoint = Endpoint(host="127.0.0.1", port=collector.grpc, peer=Peer(cidr="127.0.0.1/32"))
        with chroma(tmp_path, endpoint) as client:
            database = "/api/v2/tenants/default_tenant/databases/default_database"
            made = client.post(f"{database}/collections", json={"name": "index_1"}).json()
            one = f"{database}/collections/{made['id']}"
            row = {
                "ids": ["a"],
                "embeddings": [[1.0, 0.0]],
                "documents": [TEXT],
                "metadatas": [{"text": TEXT}],
            }
            assert client.post(f"{one}/add", json=row).is_success
            question = {
                "query_embeddings": [[1.0, 0.0]],
                "n_results": 1,
                "where_document": {"$contains": TEXT},
            }
            assert TEXT in client.post(f"{one}/query", json=question).text
            assert client.get(f"{database}/collections/nothing").is_error
            for _ in range(5):
                client.get("/api/v2/heartbeat")
            # It sends what it has every 5 s, and what it has when it is ended is lost.
            wanted = {"SegmentAPI._add", "SegmentAPI._query", "SegmentAPI.get_collection"}
            until(lambda: wanted <= {span.name for span in kept.spans}, lambda: collector.log[-2000:])
    kept.close()
    names = {span.name for span in kept.spans}
    (of,) = {str(one.resource.attributes) for request in kept.requests for one in request.resource_spans}
    assert 'string_value: "chroma"' in of
    told = "".join(map(str, kept.requests))
    assert not [name for name in names if "heartbeat" in name]
    assert TEXT not in told
    assert TOKEN not in told
