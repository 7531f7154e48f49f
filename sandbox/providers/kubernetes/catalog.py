"""Which kinds the server has, under which paths: discovery, asked for once per group and version."""

import threading
from dataclasses import dataclass

from sandbox.providers.base import Failure

from .client import ApiError, Client
from .kinds import KNOWN_VERSIONS, namespaced
from .objects import GroupVersionKind, rows, text


@dataclass(frozen=True)
class Resource:
    """A kind as the server serves it."""

    kind: GroupVersionKind
    plural: str
    namespaced: bool

    def collection(self, namespace: str) -> str:
        """The path of all objects, of a namespace where the kind has one."""
        group = f"/apis/{self.kind.api_version}" if self.kind.group else f"/api/{self.kind.version}"
        scope = f"/namespaces/{namespace or 'default'}" if self.namespaced else ""
        return f"{group}{scope}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """The path of one object."""
        return f"{self.collection(namespace)}/{name}"


class NoMatchError(Exception):
    """The server doesn't serve this kind (yet)."""

    def __init__(self, kind: GroupVersionKind) -> None:
        super().__init__(f'no matches for kind "{kind.kind}" in version "{kind.api_version}"')


class Catalog:
    """The kinds of one server, and those that this run will define."""

    def __init__(self, client: Client | None) -> None:
        self._client = client
        self._served: dict[str, dict[str, Resource]] = {}
        self._planned: dict[tuple[str, str], bool] = {}
        self._lock = threading.Lock()

    def plan(self, group: str, kind: str, scoped: bool) -> None:
        """Remember the scope of a custom kind whose definition is part of the program."""
        self._planned[group, kind] = scoped

    def forget(self) -> None:
        """Ask the server again: its kinds have changed."""
        self._served.clear()

    def resource(self, kind: GroupVersionKind) -> Resource:
        """The kind's resource. Raises `NoMatchError` where the server has none, even when asked afresh."""
        known = kind.api_version in self._served
        found = self._group(kind.api_version).get(kind.kind)
        if found is None and known:
            self._served.pop(kind.api_version, None)
            found = self._group(kind.api_version).get(kind.kind)
        if found is None:
            raise NoMatchError(kind)
        return found

    def has(self, kind: GroupVersionKind) -> bool:
        """Whether the server serves the kind."""
        if self._client is None:
            return False
        try:
            self.resource(kind)
        except NoMatchError:
            return False
        return True

    def namespaced(self, kind: GroupVersionKind) -> bool:
        """Whether objects of the kind live in a namespace; of a kind that nobody knows yet, assume so."""
        if kind.api_version in KNOWN_VERSIONS:
            known = namespaced(kind.kind)
            if known is not None:
                return known
        if (kind.group, kind.kind) in self._planned:
            return self._planned[kind.group, kind.kind]
        if self._client is None:
            return True
        try:
            return self.resource(kind).namespaced
        except NoMatchError:
            return True

    def _group(self, api_version: str) -> dict[str, Resource]:
        with self._lock:
            if api_version not in self._served:
                self._served[api_version] = self._fetch(api_version)
            return self._served[api_version]

    def _fetch(self, api_version: str) -> dict[str, Resource]:
        if self._client is None:
            raise Failure("there is no Kubernetes cluster to ask")
        group, _, version = api_version.rpartition("/")
        try:
            listed = self._client.call("GET", f"/apis/{api_version}" if group else f"/api/{version}")
        except ApiError as error:
            if error.not_found:
                return {}
            raise
        found = {}
        for row in rows(listed, "resources"):
            plural = text(row, "name")
            if "/" not in plural and isinstance(row, dict):
                kind = GroupVersionKind(group, version, text(row, "kind"))
                found[kind.kind] = Resource(kind, plural, row.get("namespaced") is True)
        return found
