"""The stack's own network: one subnet, no public addresses on nodes, and every way in or out written down."""

import ipaddress
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.config.google import ClusterNetwork

PODS, SERVICES = "pods", "services"
_LAST = 65534  # just above the implied rules, which can't log


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What `Network` needs."""

    settings: ClusterNetwork
    project: pulumi.Input[str]
    region: str
    protect: bool


def subnet_args(args: NetworkArgs, network: pulumi.Input[str]) -> gcp.compute.SubnetworkArgs:
    """The subnet of nodes, with the ranges that GKE gives to pods and Services."""
    return gcp.compute.SubnetworkArgs(
        project=args.project,
        network=network,
        region=args.region,
        ip_cidr_range=args.settings.nodes,
        secondary_ip_ranges=[
            gcp.compute.SubnetworkSecondaryIpRangeArgs(range_name=PODS, ip_cidr_range=args.settings.pods),
            gcp.compute.SubnetworkSecondaryIpRangeArgs(
                range_name=SERVICES, ip_cidr_range=args.settings.services
            ),
        ],
        # Nodes have no public address, and still reach Google's APIs and registries.
        private_ip_google_access=True,
        log_config=gcp.compute.SubnetworkLogConfigArgs(
            aggregation_interval="INTERVAL_5_MIN", flow_sampling=0.5, metadata="INCLUDE_ALL_METADATA"
        ),
    )


def nat_args(
    args: NetworkArgs,
    router: pulumi.Input[str],
    subnet: pulumi.Input[str],
    addresses: list[pulumi.Output[str]],
) -> gcp.compute.RouterNatArgs:
    """The way out, from fixed addresses that a model provider can put on its list."""
    return gcp.compute.RouterNatArgs(
        project=args.project,
        router=router,
        region=args.region,
        nat_ip_allocate_option="MANUAL_ONLY",
        nat_ips=addresses,
        source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
        subnetworks=[
            gcp.compute.RouterNatSubnetworkArgs(name=subnet, source_ip_ranges_to_nats=["ALL_IP_RANGES"])
        ],
        # Thirteen model calls an answer: a node may need more than the fixed 64 ports.
        enable_dynamic_port_allocation=True,
        enable_endpoint_independent_mapping=False,
        min_ports_per_vm=64,
        max_ports_per_vm=8192,
        log_config=gcp.compute.RouterNatLogConfigArgs(enable=True, filter="ERRORS_ONLY"),
    )


def deny_ingress_args(args: NetworkArgs, network: pulumi.Input[str]) -> gcp.compute.FirewallArgs:
    """What GKE and the load balancer don't open stays shut, and leaves a line in the log."""
    return gcp.compute.FirewallArgs(
        project=args.project,
        network=network,
        direction="INGRESS",
        priority=_LAST,
        denies=[gcp.compute.FirewallDenyArgs(protocol="all")],
        source_ranges=["0.0.0.0/0"],
        log_config=gcp.compute.FirewallLogConfigArgs(metadata="INCLUDE_ALL_METADATA"),
        description="Denies what no other rule allows, and logs it",
    )


class PrivateServices(pulumi.ComponentResource):
    """Addresses that Google's own services (Cloud SQL, Filestore) use inside a network."""

    network: pulumi.Output[str]
    """The network, known once the services can be reached in it."""

    def __init__(
        self,
        name: str,
        project: pulumi.Input[str],
        network: pulumi.Input[str],
        cidr: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kotaemon:index:PrivateServices", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        addresses = ipaddress.IPv4Network(cidr)
        reserved = gcp.compute.GlobalAddress(
            f"{name}-range",
            project=project,
            network=network,
            purpose="VPC_PEERING",
            address_type="INTERNAL",
            address=str(addresses.network_address),
            prefix_length=addresses.prefixlen,
            opts=child,
        )
        connection = gcp.servicenetworking.Connection(
            f"{name}-connection",
            network=network,
            service="servicenetworking.googleapis.com",
            reserved_peering_ranges=[reserved.name],
            # Google keeps its side for days after the last service is gone, and refuses to let go until then.
            deletion_policy="ABANDON",
            opts=child,
        )
        self.network = pulumi.Output.all(network, connection.urn).apply(lambda known: str(known[0]))
        self.register_outputs({})


class Network(pulumi.ComponentResource):
    """A VPC for one cluster. Source: cloud.google.com/kubernetes-engine/docs/best-practices/networking."""

    id: pulumi.Output[str]
    subnet: pulumi.Output[str]
    services_network: pulumi.Output[str]
    """The network, known once Cloud SQL and Filestore can be reached in it."""
    nat_addresses: pulumi.Output[list[str]]
    """From where the cluster's own requests come."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        network = gcp.compute.Network(
            name,
            project=args.project,
            auto_create_subnetworks=False,
            routing_mode="REGIONAL",
            opts=kept,
        )
        subnet = gcp.compute.Subnetwork(f"{name}-nodes", subnet_args(args, network.id), opts=kept)
        gcp.compute.Firewall(f"{name}-deny-ingress", deny_ingress_args(args, network.id), opts=child)
        router = gcp.compute.Router(
            f"{name}-router", project=args.project, network=network.id, region=args.region, opts=child
        )
        addresses = [
            gcp.compute.Address(
                f"{name}-nat-{number}",
                project=args.project,
                region=args.region,
                address_type="EXTERNAL",
                # Others may have it on their lists of whom to let in.
                opts=kept,
            )
            for number in range(args.settings.nat_addresses)
        ]
        gcp.compute.RouterNat(
            f"{name}-nat",
            nat_args(args, router.name, subnet.id, [address.self_link for address in addresses]),
            opts=child,
        )
        services = PrivateServices(
            f"{name}-services", args.project, network.id, args.settings.google_services, child
        )
        self.id = network.id
        self.subnet, self.services_network = subnet.id, services.network
        self.nat_addresses = pulumi.Output.all(*[address.address for address in addresses])
        self.register_outputs({})
