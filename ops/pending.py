"""Settle what a killed run was creating, so that the next one converges.

The state lists such resources as pending. The engine (3.259) only warns about them, each time
again, and creates them anew: what has a name of its own is then refused as being there already, and
what Pulumi named would be there twice.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from ops.api import Api, RefusedError
from ops.errors import OpsError
from ops.operations import Operations
from ops.progress import short

AUTONAMED = "pulumi.com/autonamed"
KEPT = frozenset({"Namespace", "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition"})
"""What is never deleted to tidy up: others may have put something into it meanwhile."""


@dataclass(frozen=True)
class Leftover:
    """An object with a generated name that may or may not have been made."""

    urn: str
    api_version: str
    kind: str
    namespace: str | None
    name: str


def leftovers(operations: Sequence[Mapping[str, object]]) -> list[Leftover]:
    """The auto-named Kubernetes objects among pending creations."""
    found = []
    for operation in operations:
        resource = cast(Mapping[str, object], operation.get("resource") or {})
        inputs = cast(Mapping[str, object], resource.get("inputs") or {})
        metadata = inputs.get("metadata")
        if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
            continue
        annotations = metadata.get("annotations")
        autonamed = isinstance(annotations, Mapping) and annotations.get(AUTONAMED) == "true"
        api_version, kind = inputs.get("apiVersion"), inputs.get("kind")
        if autonamed and isinstance(api_version, str) and isinstance(kind, str) and kind not in KEPT:
            namespace = metadata.get("namespace")
            found.append(
                Leftover(
                    str(resource.get("urn", "")),
                    api_version,
                    kind,
                    namespace if isinstance(namespace, str) else "default",
                    str(metadata["name"]),
                )
            )
    return found


def settle(
    operations: Operations, pending: Sequence[Mapping[str, object]], say: Callable[[str], object]
) -> None:
    """Delete what the killed run made under a generated name, and forget its pending creations."""
    names = ", ".join(
        short(str(cast(Mapping[str, object], one.get("resource") or {}).get("urn"))) for one in pending
    )
    say(f"A run was killed while it created {names}: settling that first.")
    context = operations.session.cluster.context
    if context and (found := leftovers(pending)):
        with Api(context) as api:
            for leftover in found:
                if delete(api, leftover):
                    say(f"Removed {leftover.kind} {leftover.name}, which that run left behind.")
    # What has a name of its own may have been made: this run takes it over, others still refuse to.
    operations.take_over_existing()
    exported = json.loads(operations.run("stack", "export"))
    deployment = exported["deployment"]
    deployment["pending_operations"] = [
        one for one in deployment.get("pending_operations") or [] if one.get("type") != "creating"
    ]
    file = operations.work / "settled.json"
    file.write_text(json.dumps(exported), encoding="utf-8")
    operations.run("stack", "import", "--file", str(file))


def delete(api: Api, leftover: Leftover) -> bool:
    """Delete an object, whatever its kind; False where it isn't there."""
    group = f"apis/{leftover.api_version}" if "/" in leftover.api_version else f"api/{leftover.api_version}"
    try:
        kinds = cast(list[Mapping[str, object]], api.get(f"/{group}").get("resources") or [])
        kind = next(
            one for one in kinds if one.get("kind") == leftover.kind and "/" not in str(one.get("name"))
        )
        space = f"/namespaces/{leftover.namespace}" if kind.get("namespaced") else ""
        api.delete(f"/{group}{space}/{kind['name']}/{leftover.name}")
    except StopIteration:
        return False
    except RefusedError as error:
        if error.status == 404:
            return False
        raise OpsError(f"{leftover.kind} {leftover.name} can't be removed: {error.what}") from error
    return True
