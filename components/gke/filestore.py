"""A storage class of Filestore, whose shares every node can mount at once."""

import pulumi
from pulumi_kubernetes import meta, storage

from components.config.app import FilestoreTier
from components.kubernetes import labels

_PROVISIONER = "filestore.csi.storage.gke.io"


def filestore_class(
    name: str,
    tier: FilestoreTier,
    network: pulumi.Input[str],
    keep: bool,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Register the class `name`; its name. `keep` has a share outlive its claim.

    The name stays whatever changes: a claim that named another class would be another, empty volume.

    Source: cloud.google.com/kubernetes-engine/docs/how-to/persistent-volumes/filestore-csi-driver.
    """
    made = storage.v1.StorageClass(
        name,
        metadata=meta.v1.ObjectMetaArgs(name=name, labels=labels("filestore")),
        provisioner=_PROVISIONER,
        parameters={
            "tier": tier.value,
            "network": network,
            # Through the addresses that the network reserves for Google's services.
            "connect-mode": "PRIVATE_SERVICE_ACCESS",
        },
        reclaim_policy="Retain" if keep else "Delete",
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=True,
        opts=opts,
    )
    return made.metadata.name
