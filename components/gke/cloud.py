"""Everything of Google's that is below the cluster's objects, for one stack."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.config.google import ExistingGke, GkeCluster, Google
from components.config.settings import Settings

from .apis import required_apis
from .cluster import Gke, GkeArgs
from .existing import ExistingCluster, ExistingClusterArgs
from .keys import Keys, KeysArgs
from .network import Network, NetworkArgs
from .prefix import prefix_of
from .project import Project, ProjectArgs

CLUSTER_KEY, BACKUP_KEY = "cluster", "backup"


@dataclass(frozen=True, kw_only=True)
class GoogleCloudArgs:
    """What `GoogleCloud` needs."""

    google: Google
    settings: Settings
    stack: str


class GoogleCloud(pulumi.ComponentResource):
    """Project, keys, network and cluster."""

    google: Google
    project: Project
    prefix: str
    cluster: pulumi.Output[str]
    """Full name of the GKE cluster."""
    cluster_name: str
    identities: pulumi.Output[str]
    """What pods are to IAM (PROJECT.svc.id.goog); known once it is there, which the first cluster brings about."""
    kubeconfig: pulumi.Output[str]
    services_network: pulumi.Output[str]
    """Full name of the network, known once Cloud SQL and Filestore can be reached in it."""
    services_addresses: str | None
    """Their addresses, where the stack reserved them itself."""
    keys: Mapping[str, pulumi.Output[str]]
    nat_addresses: pulumi.Output[list[str]] | None
    """From where the cluster's own requests come, where the stack made the network."""

    def __init__(self, name: str, args: GoogleCloudArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:GoogleCloud", name, None, opts)
        self.google, self.prefix = args.google, prefix_of(args.stack)
        child = pulumi.ResourceOptions(parent=self)
        self.project = Project(
            "project", ProjectArgs(google=args.google, apis=required_apis(args.settings)), child
        )
        self.keys = Keys(
            f"{self.prefix}-keys",
            KeysArgs(
                project=self.project.id,
                region=args.google.region,
                users=self._users_of_keys(args.settings),
                protect=args.settings.production,
            ),
            child,
        ).ids
        cluster = args.settings.cluster
        self.nat_addresses = None
        if isinstance(cluster, GkeCluster):
            self._make(cluster, args)
        elif isinstance(cluster, ExistingGke):
            found = ExistingCluster(
                cluster.name, ExistingClusterArgs(settings=cluster, project=self.project.id), child
            )
            self.cluster, self.cluster_name, self.kubeconfig = found.id, cluster.name, found.kubeconfig
            self.services_network = found.services_network
            self.services_addresses = cluster.google_services
        else:
            raise ValueError("what is Google's needs a GKE cluster")
        self.identities = self.cluster.apply(lambda _: f"{args.google.project}.svc.id.goog")
        self.register_outputs({})

    def _make(self, settings: GkeCluster, args: GoogleCloudArgs) -> None:
        """The network and the cluster in it."""
        child = pulumi.ResourceOptions(parent=self)
        production = args.settings.production
        network = Network(
            self.prefix,
            NetworkArgs(
                settings=settings.network,
                project=self.project.id,
                region=args.google.region,
                protect=production,
            ),
            child,
        )
        self.cluster_name = settings.name or self.prefix
        made = Gke(
            self.prefix,
            GkeArgs(
                settings=settings,
                cluster_name=self.cluster_name,
                project=self.project.id,
                region=args.google.region,
                network=network.id,
                subnet=network.subnet,
                secrets_key=self.keys[CLUSTER_KEY],
                sync_secrets=bool(args.settings.secret_manager),
                protect=production,
            ),
            child,
        )
        self.cluster, self.kubeconfig = made.id, made.kubeconfig
        self.services_network = network.services_network
        self.services_addresses = settings.network.google_services
        self.nat_addresses = network.nat_addresses

    def _users_of_keys(self, settings: Settings) -> Mapping[str, Mapping[str, pulumi.Input[str]]]:
        """Google's own accounts that encrypt with each key. In a new project none is there before it is asked for."""
        users: dict[str, dict[str, pulumi.Input[str]]] = {}
        if isinstance(settings.cluster, GkeCluster):
            users[CLUSTER_KEY] = {"gke": self._agent("gke", "container.googleapis.com")}
        if settings.backup.kind == "google":
            storage = gcp.storage.get_project_service_account_output(
                project=self.project.id, opts=pulumi.InvokeOutputOptions(parent=self)
            )
            users[BACKUP_KEY] = {
                "storage": storage.member,
                "gkebackup": self._agent("gkebackup", "gkebackup.googleapis.com"),
            }
        return users

    def _agent(self, name: str, service: str) -> pulumi.Output[str]:
        """The account as which a service of Google's works in the project, as an IAM member."""
        return gcp.projects.ServiceIdentity(
            f"{self.prefix}-{name}",
            project=self.project.id,
            service=service,
            opts=pulumi.ResourceOptions(parent=self),
        ).member
