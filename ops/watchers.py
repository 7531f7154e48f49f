"""Whether the cluster has what it takes to watch a stack as its file asks, before anything is touched."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ops import clusters, receivers
from ops.api import Api, RefusedError
from ops.check import Check, State
from ops.clusters import Cluster
from ops.errors import OpsError
from ops.health import Object, name_of, part
from ops.kubeconfig import Context
from ops.outputs import cluster_of, outputs
from ops.paths import Project
from ops.stack import Session, stack_option
from ops.stack_settings import settings_of

if TYPE_CHECKING:
    from components.config import Settings

_GROUP = "/apis/monitoring.coreos.com"
_KINDS = {"v1": ("podmonitors", "probes", "prometheusrules"), "v1alpha1": ("alertmanagerconfigs",)}
"""What the operator must know: v1 always, v1alpha1 where somebody is told."""
_NOT_YET = (
    "kotaemon:monitoring.kind is operator, and the cluster isn't there yet: it must have a Prometheus operator when "
    "it is watched; builtin and google need none"
)
_OPERATOR = "https://prometheus-operator.dev/docs/getting-started/installation/"


def before_up(session: Session) -> list[str]:
    """What somebody should know before the stack is brought up. Raises OpsError where it can't be watched as asked."""
    from components.config import ConfigError  # imports Pulumi

    try:
        settings = settings_of(session.config, session.stack, session.project.root)
    except ConfigError:
        return []  # the program tells all of it
    kind = settings.monitoring.kind
    if kind not in ("builtin", "operator"):
        return []
    context = session.cluster.context or (_made(session) if kind == "operator" else None)
    if context is None:
        # A cluster that the stack makes has no operator until somebody installs one.
        return [f"warning: {_NOT_YET}"] if kind == "operator" else []
    with Api(context) as api:
        if kind == "builtin":
            return [_used_instead(session.stack)] if _operated(api, settings, session.cluster) else []
        if missing := missing_kinds(api, settings):
            raise OpsError(f"{_unwatchable(missing)}; nothing was touched.", _instead(session.stack))
        return [f"warning: {told}" for told in same_dashboards(api, settings, session.stack)]


def _made(session: Session) -> Context | None:
    """How to reach the cluster that the stack made; None where it isn't there yet."""
    try:
        return cluster_of(session, outputs(session))
    except OpsError:
        return None


def missing_kinds(api: Api, settings: "Settings") -> list[str]:
    """Which of the operator's kinds the cluster doesn't know. Raises OpsError where it doesn't answer."""
    told = settings.monitoring.kind == "operator" and settings.monitoring.alerts.anybody
    wanted = {version: names for version, names in _KINDS.items() if version == "v1" or told}
    missing = []
    for version, names in wanted.items():
        served = {str(one.get("name")) for one in api.resources(f"{_GROUP}/{version}")}
        missing += [f"{name}.monitoring.coreos.com/{version}" for name in names if name not in served]
    return missing


def _unwatchable(missing: Sequence[str]) -> str:
    return (
        "kotaemon:monitoring.kind is operator, but no Prometheus operator is on this cluster: it doesn't know "
        + ", ".join(missing)
    )


def _operated(api: Api, settings: "Settings", cluster: Cluster) -> bool:
    """Whether an operator runs there already; the sandbox knows its kinds and runs nothing."""
    return not cluster.simulated and not missing_kinds(api, settings)


def _instead(stack: str) -> str:
    option = stack_option(stack)
    return (
        f"Install it ({_OPERATOR}), or let the stack watch itself: "
        f"make pulumi{option} ARGS='config set --path monitoring.kind builtin'"
    )


def _used_instead(stack: str) -> str:
    return (
        "This cluster runs a Prometheus operator already; the stack gets a Prometheus of its own all the same. "
        f"To use that one: {_use_operator(stack)}"
    )


def _use_operator(stack: str) -> str:
    return f"make pulumi{stack_option(stack)} ARGS='config set --path monitoring.kind operator'"


def same_dashboards(api: Api, settings: "Settings", stack: str) -> Iterator[str]:
    """Other namespaces' ConfigMaps with dashboards that Grafana can't tell from this stack's."""
    from components.monitoring.dashboards import StackName  # imports Pulumi's SDK

    if settings.monitoring.kind != "operator":
        return
    own, label = settings.namespace.name, settings.monitoring.dashboard_label
    try:
        listed = api.items("/api/v1/configmaps", labelSelector=label)
    except RefusedError:
        return  # who may not read other namespaces isn't kept from the own one
    boards = [(str(part(one, "metadata").get("namespace")), one, _dashboards(one)) for one in listed]
    taken = {uid for space, _, found in boards if space == own for uid in found}
    tag = StackName(stack=stack, namespace=own).tag
    for space, one, found in boards:
        if space != own and any(uid in taken or tag in tags for uid, tags in found.items()):
            yield (
                f"ConfigMap {name_of(one)} in namespace {space} holds a dashboard of this stack's: Grafana shows "
                f"either. Whoever left it there: kubectl delete configmap -n {space} {name_of(one)}"
            )


def _dashboards(config_map: Object) -> dict[str, tuple[str, ...]]:
    """The dashboards in a ConfigMap: uid and tags."""
    found = {}
    for text in part(config_map, "data").values():
        try:
            dashboard = json.loads(str(text))
        except ValueError:
            continue
        if isinstance(dashboard, dict) and dashboard.get("uid"):
            tags = dashboard.get("tags")
            found[str(dashboard["uid"])] = tuple(map(str, tags)) if isinstance(tags, list) else ()
    return found


def of_stack(project: Project, stack: str, environment: Mapping[str, str]) -> Iterator[Check]:
    """The doctor's lines on who watches the stack and who is told."""
    try:
        config = clusters.config_of(project, stack)
    except OpsError:
        return  # told by the cluster's line
    if "kotaemon:monitoring" not in config:
        return
    from components.config import ConfigError  # imports Pulumi, which a look at the machine doesn't need

    try:
        settings = settings_of(config, stack, project.root)
    except ConfigError as error:
        number = len(error.problems)
        yield Check(
            "monitoring",
            State.OPTIONAL,
            f"not known: Pulumi.{stack}.yaml has {number} problem{'' if number == 1 else 's'}",
            f"make preview{stack_option(stack)}",
        )
        return
    try:
        cluster = clusters.choose(stack, config, environment, start=False)
    except OpsError:
        cluster = None  # the same
    yield from checks(settings, stack, cluster)


def checks(settings: "Settings", stack: str, cluster: Cluster | None) -> Iterator[Check]:
    """The same for settings that are read; without a cluster, what can be said without."""
    watching = settings.monitoring
    if watching.kind == "none":
        return
    secrets: list[dict[str, object]] = []
    if watching.kind != "google" and cluster is not None and cluster.context is not None:
        try:
            with Api(cluster.context) as api:
                yield from _of_cluster(api, settings, stack, cluster)
                secrets = api.items(f"/api/v1/namespaces/{settings.namespace.name}/secrets")
        except OpsError as error:
            yield Check("monitoring", State.OPTIONAL, f"not known: {error.what}")
    if not watching.alerts.anybody:
        yield Check(
            "alerts", State.OPTIONAL, "nobody is told", f"kotaemon:monitoring.alerts in Pulumi.{stack}.yaml"
        )
    elif watching.kind != "google":  # whose messages come from Google's own network
        yield from receivers.checks(watching.alerts, settings.secrets, secrets)


def _of_cluster(api: Api, settings: "Settings", stack: str, cluster: Cluster) -> Iterator[Check]:
    if settings.monitoring.kind == "builtin":
        used = _operated(api, settings, cluster)
        there = ", though this cluster runs a Prometheus operator" if used else ""
        command = f"to use that one: {_use_operator(stack)}" if used else ""
        yield Check("monitoring", State.OK, f"the stack's own{there}", command)
        return
    if missing := missing_kinds(api, settings):
        yield Check("monitoring", State.MISSING, _unwatchable(missing), _instead(stack))
        return
    yield Check("monitoring", State.OK, "the cluster's Prometheus operator")
    for told in same_dashboards(api, settings, stack):
        yield Check("dashboards", State.OPTIONAL, told)
