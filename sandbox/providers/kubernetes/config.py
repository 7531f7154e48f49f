"""The provider's own configuration: reading it, checking it, and when a change means another cluster."""

import json
import os
from dataclasses import dataclass

from sandbox.providers import wire
from sandbox.providers.base import Failure
from sandbox.providers.protocol import Difference, ResourceRequest
from sandbox.providers.wire import Properties, Unknown, Value

from . import kubeconfig
from .objects import number, table, text

_PREFIX = "kubernetes:config:"
_IDENTIFIER = "clusterIdentifier"
_CLUSTER_KEYS = ("kubeconfig", "context", "cluster")


@dataclass(frozen=True)
class Settings:
    """What the provider was configured with."""

    kubeconfig: str = ""
    context: str = ""
    cluster: str = ""
    namespace: str = ""
    delete_unreachable: bool = False
    skip_update_unreachable: bool = False
    config_maps_mutable: bool = False
    secrets_mutable: bool = False
    patch_force: bool = False
    upsert: bool = False
    timeout: float = 32


def read(variables: Properties) -> Settings:
    """Take the settings from the engine's variables, and from the environment what isn't in them."""
    values = {key.removeprefix(_PREFIX): value for key, value in variables.items()}

    def said(key: str, variable: str, default: bool = False) -> bool:
        if key in values:
            return values[key] in ("true", True)
        return os.environ[variable] == "true" if variable in os.environ else default

    if not said("enableServerSideApply", "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY", default=True):
        raise Failure(_unsupported("enableServerSideApply: false"))
    if values.get("renderYamlToDirectory"):
        raise Failure(_unsupported("renderYamlToDirectory"))
    client = _json(values.get("kubeClientSettings"))
    return Settings(
        kubeconfig=text(values, "kubeconfig"),
        context=text(values, "context"),
        cluster=text(values, "cluster"),
        namespace=text(values, "namespace"),
        delete_unreachable=said("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
        skip_update_unreachable=said("skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"),
        config_maps_mutable=said("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
        secrets_mutable=said("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
        patch_force=said("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
        upsert=said("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
        timeout=number(client, "timeout") or int(os.environ.get("PULUMI_K8S_CLIENT_TIMEOUT") or 32),
    )


def _unsupported(what: str) -> str:
    return (
        f"{what} is not supported by the sandbox's stand-in for the kubernetes provider; leave it out, or "
        "install the official plugin: pulumi plugin install resource kubernetes 4.34.2"
    )


def _json(value: Value) -> Properties:
    """A map that came as JSON text, as nested configuration does."""
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except json.JSONDecodeError as error:
            raise Failure(f"kubeClientSettings must be a JSON object: {error}") from None
    return table({"": value}, "")


def check(inputs: Properties) -> dict[str, str]:
    """What is wrong with the provider's inputs, by property."""
    plain = table({"": wire.reveal(inputs)}, "")
    failures = {}
    if plain.get("renderYamlToDirectory"):
        failures["renderYamlToDirectory"] = _unsupported("renderYamlToDirectory")
    if plain.get("enableServerSideApply") in (False, "false"):
        failures["enableServerSideApply"] = _unsupported("enableServerSideApply: false")
    if plain.get("alwaysRender") in (True, "true"):
        failures["alwaysRender"] = '"alwaysRender" requires "renderYamlToDirectory" to be set'
    return failures


def diff(request: ResourceRequest) -> Difference:
    """Whether the resources of the provider have to move to another cluster.

    With a cluster identifier, only another identifier means another cluster; setting one, or taking it
    away, doesn't. Without one, the active cluster's entry in the kubeconfig decides.
    """
    olds = table({"": wire.reveal(wire.decode(request.olds))}, "")
    news = table({"": wire.reveal(wire.decode(request.news))}, "")
    changed = [key for key in {**olds, **news} if olds.get(key) != news.get(key)]
    result = Difference(has_detail=False, diffs=changed)
    before, after = olds.get(_IDENTIFIER), news.get(_IDENTIFIER)
    settled = bool(after) and before == after
    if before and after and before != after:
        result.replaces.append(_IDENTIFIER)
    unknown = next((key for key in _CLUSTER_KEYS if isinstance(news.get(key), Unknown)), None)
    if unknown:
        result.diffs = [unknown]
        result.replaces.append(unknown)
    elif changed:
        old_cluster, new_cluster = _active(olds), _active(news)
        if old_cluster is not None and new_cluster is not None and old_cluster != new_cluster:
            result.replaces += [key for key in _CLUSTER_KEYS if key in changed]
    if settled:
        result.replaces = []
    return result


def _active(inputs: Properties) -> Properties | None:
    config = inputs.get("kubeconfig")
    try:
        parsed = (
            kubeconfig.parse(config) if isinstance(config, str) and config else table(inputs, "kubeconfig")
        )
    except ValueError as error:
        raise Failure(f"failed to parse kubeconfig: {error}") from None
    return kubeconfig.active_cluster(parsed, text(inputs, "context"), text(inputs, "cluster"))
