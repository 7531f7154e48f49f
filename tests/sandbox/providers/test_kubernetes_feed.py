"""What a watch hands to those who wait: it ends up in the state."""

import threading
from collections.abc import Iterator
from typing import cast

from sandbox.providers.kubernetes.client import Client
from sandbox.providers.kubernetes.feed import Feed
from sandbox.providers.wire import Properties

NAMED: Properties = {"metadata": {"name": "web"}}


class Server:
    """Answers as an API server does: the items of a list without their kind, those of a watch with it."""

    def __init__(self) -> None:
        self.watched = threading.Event()

    def call(self, method: str, path: str, query: dict[str, str]) -> Properties:
        return {
            "apiVersion": "apps/v1",
            "kind": "DeploymentList",
            "metadata": {"resourceVersion": "7"},
            "items": [dict(NAMED)],
        }

    def stream(self, path: str, query: dict[str, str]) -> Iterator[Properties]:
        obj: Properties = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}}
        yield {"type": "ADDED", "object": obj}
        self.watched.set()
        threading.Event().wait()


def test_an_object_of_the_listing_says_what_it_is_as_one_of_the_watch_does() -> None:
    """Without its kind, a later delete would take it for gone."""
    server = Server()
    feed = Feed(cast(Client, server), "/apis/apps/v1/namespaces/a/deployments")
    assert server.watched.wait(10)
    for name in ("web", "api"):
        entry = feed.get(name)
        assert entry is not None
        assert (entry.obj["apiVersion"], entry.obj["kind"]) == ("apps/v1", "Deployment")
