"""Settle what a killed run was creating, so that the next one converges.

The state lists such resources as pending creations. The engine (3.259) warns about them each time and creates
them anew: what has a name of its own is then refused as being there already, and what Pulumi named would be
there twice. Its own `refresh --import-pending-creates` drops them from the state without reading them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from ops.api import Api, RefusedError
from ops.errors import OpsError
from ops.operations import Operations
from ops.progress import short

Entry = Mapping[str, object]

MANAGER = "pulumi-kubernetes"
"""How the name begins under which Pulumi's Kubernetes provider writes fields."""


@dataclass(frozen=True)
class Creation:
    """A Kubernetes object that may or may not have been made."""

    urn: str
    api_version: str
    kind: str
    namespace: str
    name: str

    def id(self, namespaced: bool) -> str:
        """The provider's id of it."""
        return f"{self.namespace}/{self.name}" if namespaced else self.name


def creation(operation: Entry) -> Creation | None:
    """The Kubernetes object that a pending creation is about; None for any other resource."""
    resource = cast(Entry, operation.get("resource") or {})
    inputs = cast(Entry, resource.get("inputs") or {})
    metadata, api_version, kind = inputs.get("metadata"), inputs.get("apiVersion"), inputs.get("kind")
    if not isinstance(metadata, Mapping) or not isinstance(api_version, str) or not isinstance(kind, str):
        return None
    name = metadata.get("name")
    if not isinstance(name, str):
        return None
    return Creation(
        str(resource.get("urn", "")), api_version, kind, str(metadata.get("namespace") or "default"), name
    )


def settle(operations: Operations, pending: Sequence[Entry], say: Callable[[str], object]) -> None:
    """Take what the killed run had made into the state, as it is now, and forget the rest. Raises OpsError."""
    names = ", ".join(short(str(cast(Entry, one.get("resource") or {}).get("urn"))) for one in pending)
    say(f"A run was killed while it created {names}: looking which of them are there.")
    made: dict[str, str] = {}
    if asked := [found for one in pending if (found := creation(one))]:
        context = operations.session.cluster.context
        if context is None:
            raise OpsError(
                "No cluster is known, so that can't be found out.",
                "Set kubernetes:context to the cluster that the killed run worked on, then the same command again",
            )
        with Api(context) as api:
            made = {one.urn: id_ for one in asked if (id_ := identify(api, one))}
    exported = json.loads(operations.run("stack", "export"))
    exported["deployment"] = taken_over(exported["deployment"], made)
    file = operations.work / "settled.json"
    file.write_text(json.dumps(exported), encoding="utf-8")
    operations.run("stack", "import", "--file", str(file))
    if made:
        # Reads each as the provider that made it would, which fills in what only the cluster knows.
        targets = [part for urn in made for part in ("--target", urn)]
        operations.run("refresh", "--yes", "--skip-preview", *targets)
        say(f"Took over what it had made: {', '.join(map(short, made))}.")


def taken_over(deployment: Entry, made: Mapping[str, str]) -> Entry:
    """The state with each made resource (URN to id) among its resources, and no creation pending.

    As after any replacement, one that it was to replace is still to be deleted.
    """
    pending = cast(list[Entry], deployment.get("pending_operations") or [])
    new: dict[str, Entry] = {}
    for one in pending:
        resource = cast(Entry, one.get("resource") or {})
        if one.get("type") == "creating" and (id_ := made.get(urn := str(resource.get("urn")))):
            new[urn] = {**resource, "id": id_}
    resources: list[Entry] = []
    for old in cast(list[Entry], deployment.get("resources") or []):
        urn = str(old.get("urn"))
        if urn in made:
            resources += [new.pop(urn)] if urn in new else []
            resources.append({**old, "delete": True})
        else:
            resources.append(old)
    return {
        **deployment,
        "resources": [*resources, *new.values()],
        "pending_operations": [one for one in pending if one.get("type") != "creating"],
    }


def identify(api: Api, wanted: Creation) -> str | None:
    """The id of an object that is there and that Pulumi wrote; None otherwise. Raises OpsError."""
    group, version = "apis" if "/" in wanted.api_version else "api", wanted.api_version
    try:
        kinds = cast(list[Entry], api.get(f"/{group}/{version}").get("resources") or [])
        kind = next(
            one for one in kinds if one.get("kind") == wanted.kind and "/" not in str(one.get("name"))
        )
        space = f"/namespaces/{wanted.namespace}" if kind.get("namespaced") else ""
        found = api.get(f"/{group}/{version}{space}/{kind['name']}/{wanted.name}")
    except StopIteration:
        return None
    except RefusedError as error:
        if error.status == 404:
            return None
        raise OpsError(f"{wanted.kind} {wanted.name} can't be read: {error.what}") from error
    # Somebody else's object of that name: the creation is refused again, and says so.
    metadata = cast(Entry, found["metadata"])
    writers = cast(list[Entry], metadata.get("managedFields") or [])
    ours = any(str(one.get("manager")).startswith(MANAGER) for one in writers)
    return wanted.id(bool(kind.get("namespaced"))) if ours else None
