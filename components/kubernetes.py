"""Pure helpers for manifests: labels, security contexts, probes, budgets.

They return the typed classes of pulumi-kubernetes, so that a misspelt field fails at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes import apps, core, meta

from .config.fields import amount
from .config.section import AccessMode, Resources, Storage
from .contracts import ConfigMapRef, SecretRef

PART_OF = "kotaemon"
_CPU_LIMIT_FACTOR = 4


def labels(component: str, *, version: str | None = None) -> dict[str, str]:
    """The recommended labels of a component's objects. Source: kubernetes.io, "Recommended Labels"."""
    return {
        **selector(component),
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/part-of": PART_OF,
        "app.kubernetes.io/managed-by": "pulumi",
        **({"app.kubernetes.io/version": version} if version else {}),
    }


def selector(component: str) -> dict[str, str]:
    """The labels that select a component's pods; they never change."""
    return {"app.kubernetes.io/name": component, "app.kubernetes.io/instance": PART_OF}


def metadata(
    component: str,
    namespace: pulumi.Input[str],
    *,
    name: str | None = None,
    annotations: Mapping[str, pulumi.Input[str]] | None = None,
) -> meta.v1.ObjectMetaArgs:
    """Metadata of an object; without `name`, Pulumi names it, so that a change of content rolls its pods."""
    return meta.v1.ObjectMetaArgs(
        name=name,
        namespace=namespace,
        labels=labels(component),
        annotations=dict(annotations) if annotations else None,
    )


def pod_security(uid: int) -> core.v1.PodSecurityContextArgs:
    """A pod that runs as user and group `uid`, as Pod Security "restricted" wants it."""
    return core.v1.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=uid,
        run_as_group=uid,
        fs_group=uid,
        fs_group_change_policy="OnRootMismatch",
        seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
    )


def container_security() -> core.v1.SecurityContextArgs:
    """A container without privileges, capabilities or a writable root."""
    return core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
        privileged=False,
        read_only_root_filesystem=True,
        run_as_non_root=True,
    )


def requirements(resources: Resources, *, disk: str = "2Gi") -> core.v1.ResourceRequirementsArgs:
    """Requests and limits of a container; `disk` bounds its logs and scratch folders together."""
    millicores = int(amount(resources.cpu) * 1000)
    return core.v1.ResourceRequirementsArgs(
        requests={"cpu": resources.cpu, "memory": resources.memory, "ephemeral-storage": "64Mi"},
        limits={
            "cpu": resources.cpu_limit or f"{_CPU_LIMIT_FACTOR * millicores}m",
            "memory": resources.memory_limit or resources.memory,
            "ephemeral-storage": disk,
        },
    )


def environment(
    values: Mapping[str, pulumi.Input[str]], secrets: Mapping[str, SecretRef] | None = None
) -> list[core.v1.EnvVarArgs]:
    """Environment variables, plain ones first; sorted, so that their order never makes a diff."""
    plain = [
        # The API server drops an empty value, which would show as drift.
        core.v1.EnvVarArgs(name=name, value=None if value == "" else value)
        for name, value in sorted(values.items())
    ]
    secret = [
        core.v1.EnvVarArgs(
            name=name,
            value_from=core.v1.EnvVarSourceArgs(
                secret_key_ref=core.v1.SecretKeySelectorArgs(name=ref.name, key=ref.key)
            ),
        )
        for name, ref in sorted((secrets or {}).items())
    ]
    return plain + secret


def scratch(name: str, *, size: str, memory: bool = False) -> core.v1.VolumeArgs:
    """An empty folder that lives as long as the pod; `size` such as 1Gi."""
    return core.v1.VolumeArgs(
        name=name,
        empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit=size, medium="Memory" if memory else None),
    )


def config_volume(name: str, config_map: pulumi.Input[str], *, mode: int = 0o444) -> core.v1.VolumeArgs:
    """The files of a ConfigMap."""
    return core.v1.VolumeArgs(
        name=name, config_map=core.v1.ConfigMapVolumeSourceArgs(name=config_map, default_mode=mode)
    )


def ca_volume(name: str, ref: ConfigMapRef) -> core.v1.VolumeArgs:
    """A certificate authority, as the file ca.crt."""
    return core.v1.VolumeArgs(
        name=name,
        config_map=core.v1.ConfigMapVolumeSourceArgs(
            name=ref.name, items=[core.v1.KeyToPathArgs(key=ref.key, path="ca.crt")], default_mode=0o444
        ),
    )


def mount(
    name: str, path: str, *, read_only: bool = False, sub_path: str | None = None
) -> core.v1.VolumeMountArgs:
    """Where a volume appears in a container."""
    return core.v1.VolumeMountArgs(name=name, mount_path=path, read_only=read_only or None, sub_path=sub_path)


def claim(
    storage: Storage,
    *,
    access_mode: AccessMode = AccessMode.READ_WRITE_ONCE,
    class_name: pulumi.Input[str] | None = None,
) -> core.v1.PersistentVolumeClaimSpecArgs:
    """What a persistent volume must offer; `class_name` replaces the one in the settings."""
    return core.v1.PersistentVolumeClaimSpecArgs(
        access_modes=[access_mode.value],
        storage_class_name=class_name or storage.class_name,
        resources=core.v1.VolumeResourceRequirementsArgs(requests={"storage": storage.size}),
    )


def pod(
    component: str,
    uid: int,
    *,
    containers: Sequence[core.v1.ContainerArgs],
    init: Sequence[core.v1.ContainerArgs] = (),
    volumes: Sequence[core.v1.VolumeArgs] = (),
    annotations: Mapping[str, str] | None = None,
    grace_seconds: int = 60,
    one_shot: bool = False,
    spread_out: bool = False,
    node_selector: Mapping[str, str] | None = None,
    service_account: pulumi.Input[str] | None = None,
) -> core.v1.PodTemplateSpecArgs:
    """A pod that runs as user `uid`, without the cluster's token or other services' addresses.

    `one_shot` is for a Job's pod: it runs once. `spread_out` puts replicas over zones and nodes.
    """
    return core.v1.PodTemplateSpecArgs(
        metadata=meta.v1.ObjectMetaArgs(
            labels=labels(component), annotations=dict(annotations) if annotations else None
        ),
        spec=core.v1.PodSpecArgs(
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=pod_security(uid),
            service_account_name=service_account,
            restart_policy="Never" if one_shot else None,
            termination_grace_period_seconds=grace_seconds,
            topology_spread_constraints=spread(component) if spread_out else None,
            node_selector=dict(node_selector) if node_selector else None,
            init_containers=list(init) or None,
            containers=list(containers),
            volumes=list(volumes),
        ),
    )


def stateful_set(
    component: str,
    template: core.v1.PodTemplateSpecArgs,
    storage: Storage,
    *,
    replicas: int = 1,
    service: str | None = None,
    parallel: bool = False,
) -> apps.v1.StatefulSetSpecArgs:
    """Pods that each keep a volume named `data`; `service` is the headless one that names them."""
    return apps.v1.StatefulSetSpecArgs(
        replicas=replicas,
        service_name=service or component,
        pod_management_policy="Parallel" if parallel else None,
        selector=meta.v1.LabelSelectorArgs(match_labels=selector(component)),
        template=template,
        volume_claim_templates=[
            core.v1.PersistentVolumeClaimArgs(
                metadata=meta.v1.ObjectMetaArgs(name="data", labels=labels(component)), spec=claim(storage)
            )
        ],
    )


class Action(TypedDict, total=False):
    """What a probe does: exactly one of these."""

    http_get: core.v1.HTTPGetActionArgs
    tcp_socket: core.v1.TCPSocketActionArgs
    exec_: core.v1.ExecActionArgs


class Probes(TypedDict):
    """The three probes of a container, to be passed on as `**probes`."""

    startup_probe: core.v1.ProbeArgs
    readiness_probe: core.v1.ProbeArgs
    liveness_probe: core.v1.ProbeArgs


def probes(ready: Action, live: Action | None = None, *, start_seconds: int = 600) -> Probes:
    """Probes of a server: patient while it starts, quick to take it out of service, slow to kill it.

    `ready` and `live` are made by `http`, `tcp` and `command`; `live` is `ready` where it isn't given.
    """

    def probe(action: Action, period: int, failures: int, timeout: int) -> core.v1.ProbeArgs:
        return core.v1.ProbeArgs(
            **action,
            period_seconds=period,
            failure_threshold=failures,
            timeout_seconds=timeout,
        )

    return Probes(
        startup_probe=probe(ready, 3, start_seconds // 3, 5),
        readiness_probe=probe(ready, 5, 3, 5),
        liveness_probe=probe(live or ready, 20, 6, 10),
    )


def http(path: str, port: str | int) -> Action:
    """A probe's action: an HTTP GET that answers 2xx or 3xx."""
    return Action(http_get=core.v1.HTTPGetActionArgs(path=path, port=port))


def tcp(port: str) -> Action:
    """A probe's action: a port that accepts a connection."""
    return Action(tcp_socket=core.v1.TCPSocketActionArgs(port=port))


def command(*words: str) -> Action:
    """A probe's action: a command that ends with 0."""
    return Action(exec_=core.v1.ExecActionArgs(command=list(words)))


def spread(component: str) -> list[core.v1.TopologySpreadConstraintArgs]:
    """Replicas over zones, then over nodes, as evenly as the cluster allows."""
    return [
        core.v1.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key=key,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=meta.v1.LabelSelectorArgs(match_labels=selector(component)),
        )
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def service_spec(
    component: str, ports: Iterable[tuple[str, int]], *, headless: bool = False, not_ready: bool = False
) -> core.v1.ServiceSpecArgs:
    """A Service inside the cluster; `ports` are pairs of the container port's name and the Service's number.

    `not_ready` publishes pods that aren't ready yet, which peers need to find each other.
    """
    return core.v1.ServiceSpecArgs(
        type="ClusterIP",
        cluster_ip="None" if headless else None,
        publish_not_ready_addresses=not_ready or None,
        selector=selector(component),
        ports=[core.v1.ServicePortArgs(name=name, port=number, target_port=name) for name, number in ports],
    )


def disruption_budget(component: str) -> k8s.policy.v1.PodDisruptionBudgetSpecArgs:
    """At most one pod at a time may be evicted."""
    return k8s.policy.v1.PodDisruptionBudgetSpecArgs(
        max_unavailable=1, selector=meta.v1.LabelSelectorArgs(match_labels=selector(component))
    )
