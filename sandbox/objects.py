"""What a fresh cluster holds: three simulated nodes and a default storage class."""

from typing import cast

from sandbox.api import Api

ZONES = ("a", "b", "c")
REGION = "sandbox"
CAPACITY = {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "110"}
"""One node's: a common size of a cloud's machine type, so that what fits here fits there."""


def storage_class(name: str, *, default: bool = False) -> dict[str, object]:
    """A class whose volumes are folders of this machine."""
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": annotations},
        "provisioner": "kubernetes.io/host-path",
        "reclaimPolicy": "Delete",
        # As the clouds' classes do: a volume is made where the pod was scheduled.
        "volumeBindingMode": "WaitForFirstConsumer",
    }


STORAGE_CLASSES = (
    storage_class("standard", default=True),
    # By GKE's names, for stacks that are meant for it.
    storage_class("standard-rwo"),
    storage_class("premium-rwo"),
)


def node(zone: str, kubelet_port: int) -> dict[str, object]:
    """A node that kwok keeps Ready; its kubelet's address is kwok's."""
    name = f"{REGION}-{zone}"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/region": REGION,
                "topology.kubernetes.io/zone": name,
                "type": "kwok",
            },
        },
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": name},
            ],
            "allocatable": CAPACITY,
            "capacity": CAPACITY,
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
            "nodeInfo": {"architecture": "amd64", "operatingSystem": "linux"},
        },
    }


def create(api: Api, kubelet_port: int) -> bool:
    """Create what isn't there; True when all of it is, and a pod would be accepted."""
    wanted = [
        *(("/apis/storage.k8s.io/v1/storageclasses", one) for one in STORAGE_CLASSES),
        *(("/api/v1/nodes", node(zone, kubelet_port)) for zone in ZONES),
    ]
    # 409: it is there already, perhaps changed by the user, who may.
    created = all(api.request("POST", path, body)[0] in {201, 409} for path, body in wanted)
    # Some seconds late on a fresh cluster; until then pods are refused.
    return created and api.healthy("/api/v1/namespaces/default/serviceaccounts/default")


def ready_nodes(api: Api) -> tuple[str, ...]:
    """The names of the nodes that are Ready."""
    ready = []
    for item in api.items("/api/v1/nodes"):
        status = cast(dict[str, list[dict[str, str]]], item["status"])
        if any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", [])):
            ready.append(cast(dict[str, str], item["metadata"])["name"])
    return tuple(ready)


def volume_folders(api: Api) -> list[str]:
    """The folders that the storage class made for volumes; they are outside the cluster's home."""
    specs = (cast(dict[str, dict[str, str]], item["spec"]) for item in api.items("/api/v1/persistentvolumes"))
    return [spec["hostPath"]["path"] for spec in specs if "hostPath" in spec]
