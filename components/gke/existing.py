"""A GKE cluster that is there already, looked up by its name."""

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
            endpoints=found.control_plane_endpoints_configs, address=found.endpoint, auths=found.master_auths
        ).apply(
            lambda known: _kubeconfig(settings.name, known["endpoints"], known["address"], known["auths"])
        )
        self.register_outputs({})


def _kubeconfig(
    name: str,
    endpoints: list[gcp.container.outputs.GetClusterControlPlaneEndpointsConfigResult] | None,
    address: str,
    auths: list[gcp.container.outputs.GetClusterMasterAuthResult] | None,
) -> str:
    """By DNS where that answers, else by address."""
    dns = [one for config in endpoints or [] for one in config.dns_endpoint_configs]
    if dns and dns[0].endpoint and dns[0].allow_external_traffic:
        return kubeconfig(name, dns[0].endpoint)
    return kubeconfig(name, address, auths[0].cluster_ca_certificate if auths else None)
