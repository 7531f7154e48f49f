"""What a wait looks at: the object it is about and what belongs to it, as watches see them."""

import threading
import time
from dataclasses import dataclass, field

from sandbox.providers.kubernetes.client import Client
from sandbox.providers.kubernetes.feed import Entry, Feed, Feeds
from sandbox.providers.kubernetes.objects import name_of, namespace_of, number, text
from sandbox.providers.wire import Properties, Value


@dataclass
class Verdict:
    """What a look at the object found.

    `shown` is for the progress display, by severity; `reasons` say what is missing, should it stay so;
    `fatal` ends the wait. `pods` are the uids of the pods whose events may say more. `again` is when, in
    seconds, time alone may change the verdict.
    """

    done: bool = False
    shown: list[tuple[int, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    fatal: bool = False
    pods: list[str] = field(default_factory=list)
    again: float | None = None
    # At the time-out, this counts as ready.
    enough: bool = False


class Scene:
    """One object under watch. `outputs` is what the server answered to the create or update."""

    def __init__(
        self,
        client: Client,
        feeds: Feeds,
        collection: str,
        outputs: Properties,
        last: Properties | None = None,
    ) -> None:
        self.client, self.outputs, self.last = client, outputs, last
        self._feeds = feeds
        self._collection = collection
        self.wake = threading.Event()
        self.started = time.monotonic()
        self._listening: dict[tuple[str, str], tuple[Feed, str]] = {}

    @property
    def name(self) -> str:
        """The object's name."""
        return name_of(self.outputs)

    @property
    def uid(self) -> str:
        """The object's uid."""
        return text(self.outputs, "metadata", "uid")

    @property
    def namespace(self) -> str:
        """The object's namespace."""
        return namespace_of(self.outputs)

    def entry(self) -> Entry | None:
        """The object as the watch has it, unless that is older than the outputs, or another one."""
        entry = self._feed(self._collection, self.name).get(self.name)
        if entry is None or text(entry.obj, "metadata", "uid") != self.uid:
            return None
        if _version(entry.obj) < _version(self.outputs):
            return None
        return entry

    def live(self) -> Properties | None:
        """`entry`, without the time."""
        entry = self.entry()
        return entry.obj if entry else None

    def gone(self) -> bool:
        """Whether the object is no longer there."""
        entry = self._feed(self._collection, self.name).get(self.name)
        return entry is None or text(entry.obj, "metadata", "uid") != self.uid

    def related(self, group_version: str, plural: str, name: str) -> Entry | None:
        """Another object of the namespace, by name."""
        return self._feed(self._path(group_version, plural), name).get(name)

    def owned(self, group_version: str, plural: str, uid: str = "") -> list[Properties]:
        """The objects of the namespace that an object owns; by default, this one."""
        owner = uid or self.uid
        return self._feed(self._path(group_version, plural), owner).owned_by(owner)

    def close(self) -> None:
        """Stop listening."""
        for feed, key in self._listening.values():
            feed.unlisten([key], self.wake)

    def _path(self, group_version: str, plural: str) -> str:
        root = "apis" if "/" in group_version else "api"
        return f"/{root}/{group_version}/namespaces/{self.namespace}/{plural}"

    def _feed(self, path: str, key: str) -> Feed:
        if (path, key) not in self._listening:
            feed = self._feeds.of(path)
            feed.listen([key], self.wake)
            self._listening[path, key] = feed, key
            feed.wait_filled(30)
        return self._listening[path, key][0]


def _version(obj: Value) -> int:
    version = text(obj, "metadata", "resourceVersion")
    return int(version) if version.isdigit() else 0


def observed(obj: Value) -> bool:
    """Whether the controller has seen the object's latest generation."""
    return number(obj, "status", "observedGeneration", default=-1) >= number(obj, "metadata", "generation")
