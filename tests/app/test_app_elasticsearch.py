"""The Elasticsearch class against a small HTTP server: the real one can't be had from a package registry.

The real client talks to it, so that credentials, paths and bodies are tested; what Elasticsearch makes of
them is not.
"""

import base64
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from test_app_documents import TEXTS, documents, ids


class Handler(BaseHTTPRequestHandler):
    """The endpoints that the store uses, on a dictionary; hits come newest first, as no one may rely on."""

    indices: dict[str, dict[str, Any]] = {}
    requests: list[tuple[str, str, Any]] = []
    headers_seen: list[dict[str, str]] = []

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length).decode()
        lines = (
            [json.loads(line) for line in raw.splitlines()]
            if "ndjson" in self.headers.get("Content-Type", "")
            else json.loads(raw)
            if raw
            else None
        )
        path = self.path.split("?")[0]
        self.requests.append((self.command, path, lines))
        self.headers_seen.append({k.lower(): v for k, v in self.headers.items()})
        status, body = self._route(path.strip("/").split("/"), lines)
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815

    def _route(self, parts: list[str], body: Any) -> tuple[int, Any]:
        if parts == ["_bulk"]:
            for action, source in zip(body[::2], body[1::2]):
                index = action["index"]
                self.indices[index["_index"]][index["_id"]] = source
            return 200, {"errors": False, "items": [{"index": {"status": 201}} for _ in body[::2]]}
        name = parts[-1] if parts[0] == "_cat" else parts[0]
        index = self.indices.get(name)
        if parts[0] == "_cat":
            return 200, [{"count": str(len(index or {}))}]
        if len(parts) == 1 and self.command == "PUT":
            self.indices[name] = {}
            return 200, {}
        if index is None:
            return (200 if self.command == "DELETE" and "ignore_unavailable" in self.path else 404), {}
        if len(parts) == 1:
            if self.command == "DELETE":
                del self.indices[name]
            return 200, {}
        if parts[1] == "_search":
            found = self._find(index, body["query"])[: body["size"]]
            return 200, {"hits": {"hits": [{"_id": i, "_source": index[i]} for i in found]}}
        if parts[1] == "_delete_by_query":
            for key in self._find(index, body["query"]):
                del index[key]
        return 200, {}

    def _find(self, index: dict[str, Any], query: dict[str, Any]) -> list[str]:
        must = query["bool"]["must"] if "bool" in query else [query]
        found = list(reversed(index))
        for part in must:
            if "terms" in part:
                assert len(part["terms"]["_id"]) <= 65_536
                wanted = set(part["terms"]["_id"])
                found = [i for i in found if i in wanted]
            elif "match" in part:
                words = set(re.findall(r"\w+", part["match"]["content"].lower()))
                found = [i for i in found if words & set(re.findall(r"\w+", index[i]["content"].lower()))]
        return found

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def url(app: None) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    Handler.indices.clear()
    Handler.requests.clear()
    Handler.headers_seen.clear()


@pytest.fixture
def store(url: str) -> Any:
    from kotaemon_stores import OrderedElasticsearch

    made = OrderedElasticsearch(
        "index_1", "release_", elasticsearch_url=url, basic_auth=("elastic", "pass:word")
    )
    made.add(documents(TEXTS, file_id="f1"))
    return made


def test_the_index_carries_the_release_s_prefix(store: Any) -> None:
    assert list(Handler.indices) == ["release_index_1"]


def test_credentials_are_sent_and_not_described(store: Any) -> None:
    sent = base64.b64encode(b"elastic:pass:word").decode()
    assert Handler.headers_seen[-1]["authorization"] == f"Basic {sent}"
    assert "pass:word" not in str(store.__persist_flow__())


def test_documents_come_back_in_the_order_asked_for(store: Any) -> None:
    """Upstream returns them as the server does, which pairs scores with wrong documents."""
    assert ids(store.get(["tree", "missing", "whale", "ship"])) == ["tree", "whale", "ship"]
    assert store.get("whale")[0].metadata == {"file_id": "f1"}
    assert store.get([]) == []


def test_a_search_stays_within_the_ids_and_an_empty_list_means_no_limit(store: Any) -> None:
    assert ids(store.query("whale", doc_ids=["ship", "house"])) == ["ship"]
    assert set(ids(store.query("whale", doc_ids=[]))) == {"ship", "whale"}


def test_more_ids_than_a_query_may_hold_are_dealt_with(store: Any) -> None:
    """Elasticsearch refuses a query with more than 65,536 terms, and a user may own more chunks."""
    many = [f"other{n}" for n in range(70_000)]
    assert ids(store.query("whale", doc_ids=[*many, "ship"])) == ["ship"]
    assert ids(store.get([*many, "ship"])) == ["ship"]
    store.delete([*many, "ship"])
    assert store.count() == 3


def test_dropping_twice_is_fine(store: Any) -> None:
    store.drop()
    store.drop()
    assert Handler.indices == {}


def test_an_empty_batch_sends_nothing(store: Any) -> None:
    before = len(Handler.requests)
    store.add([])
    assert len(Handler.requests) == before
