"""The kubernetes provider: the protocol's calls, in terms of objects on a server."""

from sandbox.providers import protocol, wire
from sandbox.providers.base import INFO, WARNING, Failure, Host, Provider
from sandbox.providers.protocol import ConfigureRequest, Difference, InitFailedError, ResourceRequest
from sandbox.providers.wire import Properties

from . import apply, config, diff, kinds, kubeconfig, naming, normal, state, waits
from .apply import Writer
from .catalog import Catalog, NoMatchError
from .client import ApiError, Client, UnreachableError
from .feed import Feeds
from .objects import (
    GroupVersionKind,
    annotation,
    drop,
    identity,
    is_true,
    kind_of,
    kind_of_type,
    name_of,
    namespace_of,
    put,
    table,
    text,
)
from .waits.scene import Scene

_MANAGER = "pulumi.com/patchFieldManager"
_REMOVE_HELP = (
    "If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation "
    'with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"'
)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Kubernetes(Provider):
    """The kubernetes provider."""

    name, version = "kubernetes", "4.34.2"

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._settings = config.Settings()
        self._unreachable: str | None = "the provider is not configured"
        self._namespace = ""
        self._catalog = Catalog(None)

    # The provider's own configuration.

    def check_config(self, request: ResourceRequest) -> tuple[Properties, dict[str, str]]:
        """Refuse what only the official plugin can do."""
        inputs = wire.decode(request.news)
        return inputs, config.check(inputs)

    def diff_config(self, request: ResourceRequest) -> Difference:
        """Whether it is another cluster."""
        return config.diff(request)

    def configure(self, request: ConfigureRequest) -> None:
        """Find the server. One that can't be reached is no error before something has to be done there."""
        settings = self._settings = config.read({**request.variables})
        self._namespace = settings.namespace
        self._unreachable = None
        try:
            given = kubeconfig.parse(settings.kubeconfig) if settings.kubeconfig else kubeconfig.ambient()
            access = kubeconfig.access(given, settings.context, settings.cluster, settings.namespace)
        except (ValueError, OSError) as error:
            self._unreachable = (
                f"failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- {error}"
                if settings.kubeconfig
                else f"unable to load Kubernetes client configuration from kubeconfig file: {error}"
            )
            self._warn_unreachable("no server")
            return
        except Failure as error:  # nobody is logged in, as before an account is there
            self._unreachable = str(error).rstrip(".")
            self._warn_unreachable("no login")
            return
        self._namespace = access.namespace
        client = Client(access, settings.timeout)
        self._client, self._feeds, self._catalog = client, Feeds(client), Catalog(client)
        self._writer = Writer(
            client, self._catalog, self.host, self.cancelled, settings.patch_force, settings.upsert
        )
        try:
            client.call("GET", "/version")
        except (ApiError, UnreachableError) as error:
            self._unreachable = f"unable to load schema information from the API server: {error}"
            self._catalog = Catalog(None)
            self._warn_unreachable(access.server)

    def _warn_unreachable(self, server: str) -> None:
        self.host.log(
            WARNING,
            "",
            f"Kubernetes cluster is unreachable ({server}): {self._unreachable}. A preview goes on without it; "
            "an update will fail. Start the cluster, or point kubernetes:kubeconfig and kubernetes:context at "
            "one that runs.",
        )

    def _kind(self, request: ResourceRequest) -> GroupVersionKind:
        """The resource's kind; refuses those that are no objects."""
        token = protocol.urn_type(request.urn)
        if token.startswith(("kubernetes:helm.sh/", "kubernetes:yaml", "kubernetes:kustomize")):
            raise self.refuse(f"the resource type {token}")
        return kind_of_type(token)

    # Inputs.

    def check(self, request: ResourceRequest) -> tuple[Properties, dict[str, str]]:
        """Normalise the inputs, and fill in name and namespace."""
        if self._unreachable and self._settings.skip_update_unreachable:
            self.host.log(
                WARNING,
                request.urn,
                "Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping...",
            )
            return wire.decode(request.olds), {}
        kind = self._kind(request)
        news = wire.decode(request.news)
        inputs, olds = state.to_object(news), state.to_object(wire.decode(request.olds))
        self._refuse_special(request, kind, inputs)
        inputs = normal.normalise(inputs)
        for key in table(inputs, "metadata", "annotations"):
            if key.startswith(naming.AUTONAMED):
                text_ = f'ignoring user-specified value for internal annotation "{key}"'
                self.host.log(WARNING, request.urn, text_)
        if olds:
            naming.adopt(inputs, olds)
        else:
            naming.assign(inputs, request)
        if naming.is_generated(inputs):
            raise Failure("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
        unset = "namespace" not in table(inputs, "metadata") or not table(inputs, "metadata")["namespace"]
        if self._namespace and unset and self._catalog.namespaced(kind):
            put(inputs, self._namespace, "metadata", "namespace")
        if normal.is_crd(inputs):
            self._catalog.plan(
                text(inputs, "spec", "group"),
                text(inputs, "spec", "names", "kind"),
                text(inputs, "spec", "scope") == "Namespaced",
            )
        checked = inputs
        state.mark_secrets(checked, news)
        return checked, {}

    def _refuse_special(self, request: ResourceRequest, kind: GroupVersionKind, inputs: Properties) -> None:
        token = protocol.urn_type(request.urn)
        own = text(inputs, "kind")
        if own and own != kind.kind and kind.kind == f"{own}Patch":
            raise self.refuse(f"the resource type {token}")
        if kind.kind.endswith("List") and kind.api_version in kinds.KNOWN_VERSIONS and "items" in inputs:
            raise Failure(
                "list resources exist for compatibility with YAML manifests and Helm charts, and cannot be "
                "created directly. Use the underlying resource type instead"
            )

    def diff(self, request: ResourceRequest) -> Difference:
        """Compare new inputs with what the state knows of the live object."""
        new = normal.normalise(state.to_object(wire.decode(request.news)))
        old_inputs, live = state.parse(wire.decode(request.olds))
        old_inputs = normal.normalise(old_inputs)
        pruned = table({"": normal.prune(live, old_inputs)}, "")
        if normal.is_known(new):
            new = table({"": normal.without_omitted(new, old_inputs, pruned)}, "")
        kind = kind_of(new)
        if self._catalog.namespaced(kind):
            for obj in (pruned, new):
                put(obj, namespace_of(obj) or "default", "metadata", "namespace")
        else:
            for obj in (pruned, new):
                drop(obj, "metadata", "namespace")
        drop(pruned, "metadata", "resourceVersion")
        for key in ("apiVersion", "kind"):
            if not text(pruned, key):
                pruned[key] = new.get(key)
        if name_of(new):
            put(pruned, name_of(live), "metadata", "name")
        forced = kinds.forced(
            kind,
            state.is_immutable(new),
            self._settings.secrets_mutable,
            self._settings.config_maps_mutable,
        )
        result = diff.compare(pruned, new, forced)
        if ignored := list(request.ignoreChanges):
            diff.ignore(result, ignored)
        if is_true(new, "pulumi.com/replaceUnready"):
            self._replace_unready(request, result, new, live)
        result.delete_first = (
            bool(result.replaces)
            and naming.is_named(new)
            and not is_true(new, naming.AUTONAMED)
            and name_of(new) == name_of(live)
            and namespace_of(new) == namespace_of(live)
        )
        return result

    def _replace_unready(
        self, request: ResourceRequest, result: Difference, new: Properties, live: Properties
    ) -> None:
        if self._unreachable or text(new, "kind") != "Job":
            why = (
                "Cluster is unreachable, skipping replaceUnready check"
                if self._unreachable
                else "replaceUnready annotation is not supported for this resource"
            )
            self.host.log(WARNING, request.urn, why)
            return
        try:
            waits.look(self._scene(self._writer.get(live)))
        except waits.NotReadyError:
            result.changed = True
            result.replaces.append('.metadata.annotations["pulumi.com/replaceUnready"]')
        except (ApiError, NoMatchError):
            return

    # Objects.

    def create(self, request: ResourceRequest) -> tuple[str, Properties]:
        """Create the object and wait until it is ready; in a preview, let the server try."""
        given = wire.decode(request.properties)
        inputs = state.to_object(given)
        kind = self._kind(request)
        if request.preview and (wire.has_unknowns(inputs) or not self._catalog.has(kind_of(inputs))):
            return "", given
        self._need_cluster()
        api_version = text(inputs, "apiVersion")
        manager = annotation(inputs, _MANAGER) or naming.unique("pulumi-kubernetes-")
        try:
            live = self._writer.create(request.urn, inputs, manager, request.preview)
        except apply.NoNamespaceError:
            return "", given
        except (ApiError, NoMatchError) as error:
            if request.preview and isinstance(error, ApiError) and self._cannot_preview(error):
                return "", given
            if isinstance(error, NoMatchError):
                inputs = {**inputs, "apiVersion": kind.api_version, "kind": kind.kind}
            raise apply.failed_create(request.urn, inputs, error) from None
        if request.preview:
            live.pop("status", None)
            return "", state.checkpoint(inputs, live, given, api_version, manager)
        try:
            live = self._ready(request, inputs, live, None)
        except waits.NotReadyError as error:
            message = (
                f'resource "{request.urn}" was successfully created, but the Kubernetes API server '
                f"reported that it failed to fully initialize or become live: {error}"
            )
            stored = state.checkpoint(inputs, error.live, given, api_version, manager)
            raise _init_failed(message, error, stored) from None
        if normal.is_crd(inputs):
            self._catalog.forget()
        return identity(live), state.checkpoint(inputs, live, given, api_version, manager)

    @staticmethod
    def _cannot_preview(error: ApiError) -> bool:
        return error.forbidden or error.exists or (error.code == 400 and "dry" in str(error))

    def update(self, request: ResourceRequest) -> Properties:
        """Apply the new inputs and wait until the object is ready; in a preview, let the server try."""
        given, olds = wire.decode(request.news), wire.decode(request.olds)
        inputs = normal.normalise(state.to_object(given))
        if request.preview and (wire.has_unknowns(inputs) or not self._catalog.has(kind_of(inputs))):
            return given
        self._need_cluster()
        old_inputs, old_live = state.parse(olds)
        api_version = state.initial_api_version(olds, old_inputs)
        kept = text(olds, state.FIELD_MANAGER)
        manager = annotation(inputs, _MANAGER) or kept or naming.unique("pulumi-kubernetes-")
        old_manager = annotation(old_inputs, _MANAGER) or kept
        sent = state.copy(inputs)
        try:
            before = self._writer.get(inputs, name_of(old_live))
            live = self._writer.update(sent, before, manager, request.preview, list(request.ignoreChanges))
        except (ApiError, NoMatchError) as error:
            if request.preview and isinstance(error, ApiError) and error.forbidden:
                return given
            raise apply.failed_update(request.urn, inputs, error) from None
        if not request.preview:
            try:
                live = self._ready(request, inputs, live, before)
            except waits.NotReadyError as error:
                message = (
                    f'the Kubernetes API server reported that "{identity(error.live)}" failed to fully '
                    f"initialize or become live: {error}"
                )
                stored = state.checkpoint(sent, error.live, given, api_version, manager)
                raise _init_failed(message, error, stored) from None
            if old_manager and old_manager != manager:
                self._writer.relinquish(live, old_manager)
        return state.checkpoint(sent, live, given, api_version, manager)

    def read(self, request: ResourceRequest) -> tuple[str, Properties, Properties] | None:
        """The live object, for a refresh, an import or a `.get`; None when it is gone."""
        kind = self._kind(request)
        if self._unreachable:
            self._explain_unreachable(request)
            if self._settings.delete_unreachable:
                return None
            if self._settings.skip_update_unreachable:
                return request.id, wire.decode(request.properties), wire.decode(request.inputs)
            raise Failure(f"failed to read resource state due to unreachable cluster. {_REMOVE_HELP}")
        namespace, _, name = request.id.rpartition("/")
        old_state, given = wire.decode(request.properties), wire.decode(request.inputs)
        old_inputs = normal.normalise(state.to_object(given))
        _, old_live = state.parse(old_state)
        imported = not text(old_inputs, "apiVersion") and not text(old_live, "apiVersion")
        if not text(old_inputs, "apiVersion"):
            old_inputs["apiVersion"] = text(old_live, "apiVersion") or kind.api_version
            old_inputs["kind"] = text(old_live, "kind") or kind.kind
            if not name_of(old_inputs):
                put(old_inputs, name, "metadata", "name")
            if namespace and not namespace_of(old_inputs):
                put(old_inputs, namespace, "metadata", "namespace")
        api_version = state.initial_api_version(old_state, old_inputs)
        manager = annotation(old_inputs, _MANAGER) or text(old_state, state.FIELD_MANAGER)
        manager = manager or naming.unique("pulumi-kubernetes-")
        failed: waits.NotReadyError | None = None
        try:
            live = self._writer.get(old_inputs, name)
            if not imported and not is_true(old_inputs, "pulumi.com/skipAwait"):
                live = waits.look(self._scene(live))
        except waits.NotReadyError as error:
            failed, live = error, error.live
        except NoMatchError:
            return None
        except ApiError as error:
            if error.not_found:
                return None
            raise Failure(f"failed to read {request.id}: {error}") from None
        inputs = _live_inputs(live, old_inputs, imported)
        stored = state.checkpoint(inputs, live, given, api_version, manager)
        seen = state.to_properties(inputs)
        state.mark_secrets(seen, given)
        if failed:
            raise _init_failed(str(failed), failed, stored, seen)
        return request.id, stored, seen

    def delete(self, request: ResourceRequest) -> None:
        """Delete the object and wait until it is gone."""
        self._kind(request)
        if self._unreachable:
            self._explain_unreachable(request)
            if self._settings.delete_unreachable:
                return
            raise Failure(f"configured Kubernetes cluster is unreachable. {_REMOVE_HELP}")
        inputs, live = state.parse(wire.decode(request.properties))
        name = request.id.rpartition("/")[2]
        try:
            pending = self._writer.delete(live, inputs, name)
            if not pending:
                return
            scene = self._scene(live)
            limit = waits.timeout(inputs, request.timeout)
            waits.until_gone(scene, inputs, limit, self.cancelled, lambda: self._is_there(live, name))
        except ApiError as error:
            raise Failure(f"deletion of {request.id} failed: {error}") from None
        if normal.is_crd(live):
            self._catalog.forget()

    def _is_there(self, live: Properties, name: str) -> bool:
        try:
            found = self._writer.get(live, name)
        except (ApiError, NoMatchError) as error:
            if isinstance(error, NoMatchError) or error.not_found:
                return False
            raise
        # Somebody else's object of the same name is no reason to wait.
        return text(found, "metadata", "uid") == text(live, "metadata", "uid")

    def _ready(
        self, request: ResourceRequest, inputs: Properties, live: Properties, before: Properties | None
    ) -> Properties:
        rule = waits.rule(inputs, live)
        if rule is None:
            return live
        limit = waits.timeout(inputs, request.timeout)
        scene = self._scene(live, before)
        return waits.until_ready(scene, rule, limit, self.host, request.urn, self.cancelled)

    def _scene(self, outputs: Properties, before: Properties | None = None) -> Scene:
        collection = self._writer.resource(outputs).collection(namespace_of(outputs))
        return Scene(self._client, self._feeds, collection, state.without_marks(outputs), before)

    def _need_cluster(self) -> None:
        if self._unreachable:
            raise Failure(f"configured Kubernetes cluster is unreachable: {self._unreachable}")

    def _explain_unreachable(self, request: ResourceRequest) -> None:
        why = f"configured Kubernetes cluster is unreachable: {self._unreachable}"
        self.host.log(WARNING, request.urn, why)
        if self._settings.delete_unreachable:
            self.host.log(INFO, request.urn, "`deleteUnreachable` is enabled: removing it from the state")


def _live_inputs(live: Properties, old: Properties, imported: bool) -> Properties:
    """What the inputs would have to be to give the live object."""
    inputs = table({"": normal.prune(live, old)}, "")
    if imported:
        if normal.is_known(live):
            inputs |= {key: value for key, value in state.copy(live).items() if key != "status"}
        for key in ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"):
            drop(inputs, "metadata", key)
        for key in ("deployment.kubernetes.io/revision", _LAST_APPLIED):
            drop(inputs, "metadata", "annotations", key)
    return inputs


def _init_failed(
    message: str, error: waits.NotReadyError, stored: Properties, inputs: Properties | None = None
) -> InitFailedError:
    return InitFailedError(
        message,
        identity(error.live),
        wire.encode(stored),
        [message, *error.reasons],
        wire.encode(inputs) if inputs is not None else None,
    )
