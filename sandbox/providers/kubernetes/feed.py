"""Watches, shared: one per kind and namespace, however many resources are waited for at once."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.providers.wire import Properties

from .client import ApiError, Client, UnreachableError
from .objects import name_of, owners, rows, table, text

_WATCH_SECONDS = 300
_PAGE = "500"


@dataclass
class Entry:
    """An object as the watch last saw it, and when (monotonic seconds)."""

    obj: Properties
    seen: float


class Feed:
    """The objects of one kind in one namespace, kept up to date by a watch."""

    def __init__(self, client: Client, path: str) -> None:
        self._client, self._path = client, path
        self._lock = threading.Lock()
        self._objects: dict[str, Entry] = {}
        self._by_owner: dict[str, set[str]] = {}
        self._listeners: dict[str, set[threading.Event]] = {}
        self._filled = threading.Event()
        self.trouble: str | None = None
        threading.Thread(target=self._run, daemon=True, name=f"watch {path}").start()

    def wait_filled(self, timeout: float) -> bool:
        """Wait for the first listing."""
        return self._filled.wait(timeout)

    def get(self, name: str) -> Entry | None:
        """An object by name."""
        with self._lock:
            return self._objects.get(name)

    def owned_by(self, uid: str) -> list[Properties]:
        """The objects that have this owner (or, of events, are about it), by name."""
        with self._lock:
            names = sorted(self._by_owner.get(uid, ()))
            return [self._objects[name].obj for name in names if name in self._objects]

    def listen(self, keys: Iterable[str], wake: threading.Event) -> None:
        """Set `wake` whenever an object changes that has one of these names, or owners' uids."""
        with self._lock:
            for key in keys:
                self._listeners.setdefault(key, set()).add(wake)

    def unlisten(self, keys: Iterable[str], wake: threading.Event) -> None:
        """Undo `listen`."""
        with self._lock:
            for key in keys:
                self._listeners.get(key, set()).discard(wake)

    def _run(self) -> None:
        pause = 0.05
        while True:
            try:
                version = self._list()
                self.trouble = None
                self._filled.set()
                pause = 0.05
                self._watch(version)
            except (ApiError, UnreachableError) as error:
                self.trouble = str(error)
                self._filled.set()
                time.sleep(pause)
                pause = min(pause * 2, 5)

    def _list(self) -> str:
        found: dict[str, Entry] = {}
        query = {"limit": _PAGE}
        while True:
            page = self._client.call("GET", self._path, query)
            now = time.monotonic()
            for item in rows(page, "items"):
                if isinstance(item, dict):
                    # Only the list itself says what its items are.
                    item |= {
                        "apiVersion": page["apiVersion"],
                        "kind": text(page, "kind").removesuffix("List"),
                    }
                    found[name_of(item)] = Entry(item, now)
            if not (following := text(page, "metadata", "continue")):
                break
            query = {"limit": _PAGE, "continue": following}
        with self._lock:
            changed = {**self._objects, **found}
            self._objects, self._by_owner = found, {}
            for name, entry in found.items():
                for owner in _owners(entry.obj):
                    self._by_owner.setdefault(owner, set()).add(name)
            for entry in changed.values():
                self._wake(entry.obj)
        return text(page, "metadata", "resourceVersion")

    def _watch(self, version: str) -> None:
        while True:
            query = {
                "watch": "1",
                "resourceVersion": version,
                "allowWatchBookmarks": "true",
                "timeoutSeconds": str(_WATCH_SECONDS),
            }
            for event in self._client.stream(self._path, query):
                kind, obj = text(event, "type"), table(event, "object")
                if kind == "ERROR":
                    raise ApiError(int(str(obj.get("code", 500))), obj)
                version = text(obj, "metadata", "resourceVersion") or version
                if kind != "BOOKMARK":
                    self._apply(obj, gone=kind == "DELETED")

    def _apply(self, obj: Properties, gone: bool) -> None:
        name = name_of(obj)
        with self._lock:
            if gone:
                self._objects.pop(name, None)
            else:
                self._objects[name] = Entry(obj, time.monotonic())
            for owner in _owners(obj):
                names = self._by_owner.setdefault(owner, set())
                (names.discard if gone else names.add)(name)
            self._wake(obj)

    def _wake(self, obj: Properties) -> None:
        for key in (name_of(obj), *_owners(obj)):
            for wake in self._listeners.get(key, ()):
                wake.set()


def _owners(obj: Properties) -> list[str]:
    about = text(obj, "involvedObject", "uid")
    return [about] if about else owners(obj)


class Feeds:
    """All feeds of a client, started when first asked for."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._feeds: dict[str, Feed] = {}
        self._lock = threading.Lock()

    def of(self, path: str) -> Feed:
        """The feed of a collection's path."""
        with self._lock:
            if path not in self._feeds:
                self._feeds[path] = Feed(self._client, path)
            return self._feeds[path]
