"""What is Google's: project and cluster, the secrets that it keeps, backups.

The Google SDK takes its time to import, and most local stacks never need it: it is imported where it is used.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi

from components.config import SecretName, StackConfig
from components.config.google import GoogleBackup
from components.contracts import SecretRef
from components.outputs import Outputs
from components.secrets import SuppliedSecrets, SuppliedSecretsArgs

from .base import Base, Made, Part

if TYPE_CHECKING:
    from components.gke.cloud import GoogleCloud


def google_cloud(
    config: StackConfig, parent: pulumi.Resource
) -> "tuple[GoogleCloud | None, dict[str, pulumi.ProviderResource]]":
    """Project, network, keys and cluster, where the stack is on Google Cloud; with the provider that made them."""
    google = config.settings.google
    if google is None:
        return None, {}
    from components.gke.cloud import GoogleCloud, GoogleCloudArgs
    from components.gke.project import google_provider

    providers: dict[str, pulumi.ProviderResource] = {
        "gcp": google_provider(google, pulumi.ResourceOptions(parent=parent))
    }
    cloud = GoogleCloud(
        "google",
        GoogleCloudArgs(google=google, settings=config.settings, stack=config.stack),
        pulumi.ResourceOptions(parent=parent, providers=providers),
    )
    return cloud, providers


def secrets(base: Base) -> Mapping[SecretName, SecretRef]:
    """The secrets that a user supplies, wherever each is."""
    settings = base.settings
    refs = SuppliedSecrets(
        "supplied",
        SuppliedSecretsArgs(
            namespace=base.namespace, supplied=base.config.supplied, existing=settings.secrets
        ),
        base.child,
    ).refs
    if not settings.secret_manager:
        return refs
    from components.secret_manager import ManagedSecrets, ManagedSecretsArgs

    cloud = base.google
    managed = ManagedSecrets(
        "managed",
        ManagedSecretsArgs(
            secrets=settings.secret_manager,
            project=cloud.project.id,
            project_id=cloud.google.project,
            project_number=cloud.project.number,
            namespace=base.namespace,
            namespace_name=settings.namespace.name,
            identities=cloud.identities,
        ),
        base.child,
    )
    return {**refs, **managed.refs}


def backups(base: Base) -> Part[None]:
    """Where copies of the data go, beside the databases' own backups."""
    settings = base.settings.backup
    if not isinstance(settings, GoogleBackup):
        return Part(access=None)
    from components.backup import Backups, BackupsArgs
    from components.gke.cloud import BACKUP_KEY

    cloud = base.google
    kept = Backups(
        "backup",
        BackupsArgs(
            settings=settings,
            prefix=cloud.prefix,
            project=cloud.project.id,
            region=cloud.google.region,
            cluster=cloud.cluster,
            namespace=base.namespace,
            key=cloud.keys[BACKUP_KEY],
            protect=base.protect,
            shared_files=base.settings.app.storage.filestore is not None,
        ),
        base.child,
    )
    return Part(access=None, outputs={"backupBucket": kept.bucket}, made={Made.BACKUP_PLAN: kept.plan})


def cluster_outputs(cloud: "GoogleCloud | None") -> Outputs:
    """How the cluster is reached, and from which addresses it reaches others."""
    if cloud is None:
        return {}
    outputs = {"cluster": cloud.cluster, "kubeconfig": cloud.kubeconfig}
    if cloud.nat_addresses is not None:
        return {**outputs, "natAddresses": cloud.nat_addresses}
    return outputs
