"""What is known about built-in kinds without asking a server: scope, and which changes replace them.

Source: the Kubernetes API reference, and the official provider's behaviour.
"""

from .objects import GroupVersionKind

_VERSIONS = {
    "admissionregistration.k8s.io": "v1 v1alpha1 v1beta1",
    "apiextensions.k8s.io": "v1 v1beta1",
    "apiregistration.k8s.io": "v1 v1beta1",
    "apps": "v1 v1beta1 v1beta2",
    "auditregistration.k8s.io": "v1alpha1",
    "autoscaling": "v1 v2 v2beta1 v2beta2",
    "batch": "v1 v1beta1 v2alpha1",
    "certificates.k8s.io": "v1 v1alpha1 v1beta1",
    "coordination.k8s.io": "v1 v1alpha1 v1alpha2 v1beta1",
    "core": "v1",
    "discovery.k8s.io": "v1 v1beta1",
    "events.k8s.io": "v1 v1beta1",
    "extensions": "v1beta1",
    "flowcontrol.apiserver.k8s.io": "v1 v1alpha1 v1beta1 v1beta2 v1beta3",
    "meta": "v1",
    "networking.k8s.io": "v1 v1alpha1 v1beta1",
    "node.k8s.io": "v1 v1alpha1 v1beta1",
    "policy": "v1 v1beta1",
    "rbac.authorization.k8s.io": "v1 v1alpha1 v1beta1",
    "resource.k8s.io": "v1 v1alpha1 v1alpha2 v1alpha3 v1beta1 v1beta2",
    "scheduling.k8s.io": "v1 v1alpha1 v1alpha2 v1beta1",
    "settings.k8s.io": "v1alpha1",
    "storage.k8s.io": "v1 v1alpha1 v1beta1",
    "storagemigration.k8s.io": "v1alpha1 v1beta1",
}
KNOWN_VERSIONS = frozenset(
    {f"{group}/{version}" for group, versions in _VERSIONS.items() for version in versions.split()} | {"v1"}
)

_NAMESPACED = frozenset(
    [
        "Binding",
        "ConfigMap",
        "ControllerRevision",
        "CronJob",
        "CSIStorageCapacity",
        "DaemonSet",
        "Deployment",
        "Endpoints",
        "EndpointSlice",
        "Event",
        "HorizontalPodAutoscaler",
        "Ingress",
        "Job",
        "Lease",
        "LimitRange",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "Pod",
        "PodDisruptionBudget",
        "PodTemplate",
        "ReplicaSet",
        "ReplicationController",
        "ResourceQuota",
        "Role",
        "RoleBinding",
        "Secret",
        "Service",
        "ServiceAccount",
        "StatefulSet",
    ]
)
_CLUSTER_WIDE = frozenset(
    [
        "APIService",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "CSIDriver",
        "CSINode",
        "CustomResourceDefinition",
        "FlowSchema",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PodSecurityPolicy",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "StorageClass",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
    ]
)


def namespaced(kind: str) -> bool | None:
    """Whether objects of a built-in kind live in a namespace; None if that isn't known."""
    if kind in _NAMESPACED:
        return True
    return False if kind in _CLUSTER_WIDE else None


Path = tuple[str, ...]


def _paths(text: str, *prefix: str) -> tuple[Path, ...]:
    return tuple((*prefix, *path.split(".")) for path in text.split())


_CONTAINER = """args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources
    securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices
    volumeMounts workingDir"""
_POD = (
    *_paths(
        """affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC
        hostNetwork hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy
        priority priorityClassName readinessGates restartPolicy runtimeClassName schedulerName
        securityContext serviceAccount serviceAccountName shareProcessNamespace subdomain
        terminationGracePeriodSeconds volumes""",
        "spec",
    ),
    *_paths(_CONTAINER, "spec", "containers", "*"),
    *_paths(_CONTAINER, "spec", "initContainers", "*"),
)
_VOLUME = _paths(
    """awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk
    glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos
    vsphereVolume""",
    "spec",
)
_SELECTOR = _paths("selector", "spec")
_STATEFUL_SET = _paths(
    "podManagementPolicy revisionHistoryLimit selector serviceName volumeClaimTemplates", "spec"
)
_ROLE_REF = _paths("roleRef")

_APPS = {"DaemonSet": _SELECTOR, "Deployment": _SELECTOR, "StatefulSet": _STATEFUL_SET}
_BINDINGS = {"ClusterRoleBinding": _ROLE_REF, "RoleBinding": _ROLE_REF}
_JOB = {"Job": _paths("completions parallelism selector template", "spec")}
_FORCED: dict[tuple[str, str], dict[str, tuple[Path, ...]]] = {
    # Before v1beta2 a selector could still be changed in place.
    ("apps", "v1beta1"): {"StatefulSet": _STATEFUL_SET},
    ("apps", "v1beta2"): _APPS,
    ("apps", "v1"): _APPS,
    ("", "v1"): {
        "PersistentVolume": _VOLUME,
        "PersistentVolumeClaim": _paths("accessModes selector storageClassName volumeName", "spec"),
        "Pod": _POD,
        "ResourceQuota": _paths("scopes", "spec"),
        "Secret": _paths("type"),
        "Service": _paths("clusterIP", "spec"),
    },
    ("policy", "v1beta1"): {"PodDisruptionBudget": _paths("spec")},
    ("rbac.authorization.k8s.io", "v1alpha1"): _BINDINGS,
    ("rbac.authorization.k8s.io", "v1beta1"): _BINDINGS,
    ("rbac.authorization.k8s.io", "v1"): _BINDINGS,
    ("storage.k8s.io", "v1"): {"StorageClass": _paths("parameters provisioner")},
    ("batch", "v1beta1"): _JOB,
    ("batch", "v1"): _JOB,
    ("batch", "v2alpha1"): _JOB,
}


def forced(
    kind: GroupVersionKind, immutable: bool, secrets_mutable: bool, config_maps_mutable: bool
) -> tuple[Path, ...]:
    """The paths where a change replaces the object; `*` is any element of a list.

    Secrets and ConfigMaps count as immutable unless the provider is told otherwise, so that a change
    gives them a new name and rolls the pods that refer to them.
    """
    always = _paths("name namespace", "metadata")
    versions = _FORCED.get((kind.group, kind.version), {})
    if (kind.group, kind.version, kind.kind) == ("", "v1", "Secret") and (immutable or not secrets_mutable):
        return always + _paths("type stringData data")
    if kind.kind in versions:
        return always + versions[kind.kind]
    if (kind.group, kind.version, kind.kind) == ("", "v1", "ConfigMap") and (
        immutable or not config_maps_mutable
    ):
        return always + _paths("binaryData data")
    return always
