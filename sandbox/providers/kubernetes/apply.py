"""Creating, changing and deleting objects on the server."""

import threading
from dataclasses import dataclass

from sandbox.providers.base import INFO, Failure, Host
from sandbox.providers.wire import Properties

from . import managers
from .catalog import Catalog, NoMatchError, Resource
from .client import APPLY, JSON_PATCH, ApiError, Client
from .normal import is_crd
from .objects import annotation, identity, is_true, kind_of, name_of, namespace_of, put, rows, text

# Creates are attributed to this manager; the first update moves its fields to the resource's own.
CREATOR = "pulumi-kubernetes"
_TRIES = 6
_CONFLICT_HELP = (
    "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/"
    "managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources"
)
_EXISTS_HELP = """

The resource already exists in the cluster. This can happen when:

  - Renaming a Pulumi resource: use an alias to preserve the identity,
    or use deleteBeforeReplace if the resource needs replacement.
  - Managing an existing resource: use a Patch resource (e.g. NamespacePatch)
    to manage specific fields without owning the resource lifecycle.
  - Adopting a resource into Pulumi: use `pulumi import`. Note that
    protected resources (e.g. kube-system) cannot be deleted on destroy.
  - Intentional upsert: set upsertExistingObjects on the provider to allow
    server-side apply to update existing objects on create."""


class NoNamespaceError(Exception):
    """A preview can't try a create in a namespace that isn't there yet."""


@dataclass(frozen=True)
class Writer:
    """Writes objects to a server."""

    client: Client
    catalog: Catalog
    host: Host
    cancelled: threading.Event
    patch_force: bool
    upsert: bool

    def resource(self, obj: Properties) -> Resource:
        """Where objects of this kind are."""
        return self.catalog.resource(kind_of(obj))

    def get(self, obj: Properties, name: str = "") -> Properties:
        """The object as it is now."""
        path = self.resource(obj).path(namespace_of(obj), name or name_of(obj))
        return self.client.call("GET", path)

    def create(self, urn: str, inputs: Properties, manager: str, preview: bool) -> Properties:
        """Create the object; with its namespace or kind missing, try again for about a minute.

        What a program creates at the same time may come first: its namespace, or a custom kind.
        """
        for attempt in range(_TRIES):
            try:
                return self._create_once(inputs, manager, preview)
            except (ApiError, NoMatchError) as error:
                if isinstance(error, ApiError):
                    if preview and error.no_namespace:
                        raise NoNamespaceError from None
                    if error.exists and not preview:
                        raise Failure(_not_created(urn, f"{error}{_EXISTS_HELP}")) from None
                    if not error.not_found:
                        raise
                if attempt + 1 == _TRIES:
                    raise
                self.host.status(INFO, urn, f"Retry #{attempt}; creation failed: {error}")
                if self.cancelled.wait(2.0**attempt):
                    raise
        raise AssertionError  # The last attempt returned or raised.

    def _create_once(self, inputs: Properties, manager: str, preview: bool) -> Properties:
        resource = self.resource(inputs)
        dry_run = {"dryRun": "All"} if preview else {}
        if self.upsert:
            force = "true" if self._forces(inputs, None, preview) else "false"
            query = {"fieldManager": manager, "force": force, "fieldValidation": "Warn", **dry_run}
            path = resource.path(namespace_of(inputs), name_of(inputs))
            return self._applied(path, query, inputs, manager)
        return self.client.call(
            "POST", resource.collection(namespace_of(inputs)), {"fieldManager": CREATOR, **dry_run}, inputs
        )

    def update(
        self, inputs: Properties, live: Properties, manager: str, preview: bool, ignored: list[str]
    ) -> Properties:
        """Apply the inputs over the live object; fields that they no longer have go away."""
        resource = self.resource(inputs)
        path = resource.path(namespace_of(inputs), name_of(live))
        dry_run = {"dryRun": "All"} if preview else {}
        if is_crd(inputs):
            put(inputs, text(live, "metadata", "resourceVersion"), "metadata", "resourceVersion")
            return self.client.call("PUT", path, {"fieldManager": manager, **dry_run}, inputs)
        if not preview and (moved := managers.taken_over(live, manager)) is not None:
            live = self.client.call(
                "PATCH",
                path,
                body=[
                    {"op": "replace", "path": "/metadata/managedFields", "value": moved},
                    {
                        "op": "replace",
                        "path": "/metadata/resourceVersion",
                        "value": text(live, "metadata", "resourceVersion"),
                    },
                ],
                content=JSON_PATCH,
            )
        managers.leave_ignored(inputs, live, manager, ignored)
        force = "true" if self._forces(inputs, live, preview) else "false"
        return self._applied(path, {"fieldManager": manager, "force": force, **dry_run}, inputs, manager)

    def _applied(self, path: str, query: dict[str, str], inputs: Properties, manager: str) -> Properties:
        try:
            return self.client.call("PATCH", path, query, inputs, APPLY)
        except ApiError as error:
            if not error.conflict:
                raise
            fields = "".join(f"\n- {cause}" for cause in error.causes if cause not in str(error))
            raise Failure(
                f"server-side apply field conflict detected, see {_CONFLICT_HELP} for troubleshooting help\n"
                f'The resource managed by field manager "{manager}" had an apply conflict: {error}{fields}'
            ) from None

    def _forces(self, inputs: Properties, live: Properties | None, preview: bool) -> bool:
        if is_true(inputs, "pulumi.com/patchForce") or self.patch_force:
            return True
        if live is None:
            return preview
        # A real update has moved these fields before; a preview can't.
        return (preview and managers.created_by_us(live)) or not rows(live, "metadata", "managedFields")

    def relinquish(self, live: Properties, manager: str) -> None:
        """Give up all fields of a manager."""
        path = self.resource(live).path(namespace_of(live), name_of(live))
        bare: Properties = {
            "apiVersion": live.get("apiVersion"),
            "kind": live.get("kind"),
            "metadata": {"name": name_of(live), **({"namespace": ns} if (ns := namespace_of(live)) else {})},
        }
        self.client.call("PATCH", path, {"fieldManager": manager}, bare, APPLY)

    def delete(self, live: Properties, inputs: Properties, name: str) -> bool:
        """Ask the server to delete the object. Whether there is anything to wait for."""
        try:
            resource = self.resource(live)
        except NoMatchError:
            return False  # Its kind is gone, and it with it.
        policy = annotation(inputs, "pulumi.com/deletionPropagationPolicy").capitalize()
        options: Properties = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": policy if policy in ("Orphan", "Background") else "Foreground",
        }
        try:
            answer = self.client.call("DELETE", resource.path(namespace_of(live), name), body=options)
        except ApiError as error:
            if error.not_found:
                return False
            raise
        # The server answers with a Status when it is done, with the object when it isn't.
        return text(answer, "kind") != "Status"


def _not_created(urn: str, why: str) -> str:
    return f'resource "{urn}" was not successfully created by the Kubernetes API server: {why}'


def failed_create(urn: str, obj: Properties, error: ApiError | NoMatchError) -> Failure:
    """The user's words for a create that the server refused."""
    if isinstance(error, NoMatchError):
        kind = kind_of(obj)
        return Failure(
            f'creation of resource "{urn}" with kind {kind.api_version}/{kind.kind} failed because the '
            "Kubernetes API server reported that the apiVersion for this resource does not exist. "
            f"Verify that any required CRDs have been created: {error}"
        )
    return Failure(_not_created(urn, str(error)))


def failed_update(urn: str, obj: Properties, error: ApiError | NoMatchError) -> Failure:
    """The user's words for an update that the server refused."""
    if isinstance(error, NoMatchError):
        return Failure(
            f'update of resource "{urn}" failed because the Kubernetes API server reported that the apiVersion '
            f"for this resource does not exist. Verify that any required CRDs have been created: {error}"
        )
    return Failure(f'update of resource "{urn}" ({identity(obj)}) failed: {error}')
