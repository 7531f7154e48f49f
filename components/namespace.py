"""The namespace: Pod Security level, quota, and a network that denies by default."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core, meta
from pulumi_kubernetes import networking as net

from . import network
from .config.settings import Namespace as NamespaceSettings
from .config.settings import Quota
from .kubernetes import labels, metadata


def namespace_labels(settings: NamespaceSettings) -> dict[str, str]:
    """Standard labels and the Pod Security level, which the API server enforces and warns about."""
    level = settings.pod_security.value
    return {
        **labels("namespace"),
        **{f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "audit", "warn")},
        **{f"pod-security.kubernetes.io/{mode}-version": "latest" for mode in ("enforce", "audit", "warn")},
    }


def quota_spec(quota: Quota) -> core.v1.ResourceQuotaSpecArgs:
    """The most that all pods of the namespace may request together."""
    return core.v1.ResourceQuotaSpecArgs(
        hard={
            "requests.cpu": quota.cpu,
            "requests.memory": quota.memory,
            "requests.storage": quota.storage,
            "pods": str(quota.pods),
        }
    )


@dataclass(frozen=True, kw_only=True)
class NamespaceArgs:
    """What `Namespace` needs."""

    settings: NamespaceSettings
    protect: bool
    """Whether deleting it is refused."""


class Namespace(pulumi.ComponentResource):
    """A namespace that holds a whole stack. Source: kubernetes.io, "Pod Security Standards"."""

    name: pulumi.Output[str]
    """Its name, known once quota and policies stand, so that no pod starts before them."""

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Namespace", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        space = core.v1.Namespace(
            name,
            metadata=meta.v1.ObjectMetaArgs(name=args.settings.name, labels=namespace_labels(args.settings)),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        own = space.metadata.name
        guards: list[pulumi.Resource] = [
            core.v1.ResourceQuota(
                f"{name}-quota",
                metadata=metadata("namespace", own, name="quota"),
                spec=quota_spec(args.settings.quota),
                opts=child,
            )
        ]
        for policy, spec in (("default-deny", network.deny_all()), ("allow-dns", network.allow_dns())):
            guards.append(
                net.v1.NetworkPolicy(
                    f"{name}-{policy}", metadata=metadata("network", own, name=policy), spec=spec, opts=child
                )
            )
        self.name = pulumi.Output.all(own, *[guard.urn for guard in guards]).apply(
            lambda known: str(known[0])
        )
        self.register_outputs({"name": self.name})
