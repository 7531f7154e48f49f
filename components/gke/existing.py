"""A GKE cluster that is there already, looked up by its name."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.config.google import ExistingGke

from .kubeconfig import kubeconfig
from .network import PrivateServices


@dataclass(frozen=True, kw_only=True)
class ExistingClusterArgs:
    """What `ExistingCluster` needs."""

    settings: ExistingGke
    project: pulumi.Input[str]


class ExistingCluster(pulumi.ComponentResource):
    """A GKE cluster that is there already. Nothing of it is changed."""

    id: pulumi.Output[str]
    name: str
    network: pulumi.Output[str]
    services_network: pulumi.Output[str]
    """The network, known once Cloud SQL and Filestore can be reached in it."""
    kubeconfig: pulumi.Output[str]

    def __init__(
        self, name: str, args: ExistingClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("kotaemon:index:ExistingCluster", name, None, opts)
        settings = args.settings
        found = gcp.container.get_cluster_output(
            name=settings.name,
            location=settings.location,
            project=args.project,
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        self.name = settings.name
        self.id = pulumi.Output.concat(
            "projects/", args.project, "/locations/", settings.location, "/clusters/", settings.name
        )
        self.network = found.network
        self.services_network = self.network
        if settings.google_services is not None:
            self.services_network = PrivateServices(
                f"{name}-services",
                args.project,
                self.network,
                settings.google_services,
                pulumi.ResourceOptions(parent=self),
            ).network
        self.kubeconfig = pulumi.Output.all(
            dns=found.control_plane_endpoints_configs.apply(_public_name),
            address=found.endpoint,
            certificate=pulumi.Output.unsecret(found.master_auths).apply(
                lambda auths: auths[0].cluster_ca_certificate if auths else ""
            ),
        ).apply(
            lambda known: (
                kubeconfig(settings.name, known["dns"])
                if known["dns"]
                else kubeconfig(settings.name, known["address"], known["certificate"])
            )
        )
        self.register_outputs({})


def _public_name(
    configs: Sequence[gcp.container.outputs.GetClusterControlPlaneEndpointsConfigResult] | None,
) -> str:
    """The control plane's DNS name, where it answers from outside the network."""
    for config in configs or []:
        for one in config.dns_endpoint_configs or []:
            if one.allow_external_traffic:
                return one.endpoint
    return ""
