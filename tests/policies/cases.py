"""For each rule, ways to break it: changes to the sample."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace

from policies.graph import Graph, Resource, graph_of

from .sample import sample

GONE = object()
"""Stands for an input that is taken away."""

Step = Callable[[dict[str, Resource]], None]
"""A change to the sample's resources by their labels, such as Deployment/app."""


@dataclass(frozen=True)
class Case:
    """A rule, and what breaks it."""

    rule: str
    title: str
    steps: tuple[Step, ...] = field(kw_only=True)
    production: bool = field(default=True, kw_only=True)

    def graph(self) -> Graph:
        """The sample with the changes."""
        return changed(*self.steps, production=self.production)


def changed(*steps: Step, production: bool = True) -> Graph:
    """The sample with some changes."""
    resources = {one.label: one for one in sample()}
    for step in steps:
        step(resources)
    return graph_of(resources.values(), production=production)


def set_to(label: str, path: str, value: object) -> Step:
    """Gives an input another value; `path` is as in JSON Pointer (RFC 6901). What holds it must be there."""

    def step(resources: dict[str, Resource]) -> None:
        inputs = deepcopy(dict(resources[label].inputs))
        holder: object = inputs
        *first, last = (key.replace("~1", "/") for key in path.split("/"))
        for key in first:
            holder = holder[int(key)] if isinstance(holder, list) else holder[key]  # type: ignore[index]  # or it fails
        if value is GONE:
            del holder[last]  # type: ignore[attr-defined]  # or it fails
        elif isinstance(holder, list):
            holder[int(last)] = value
        else:
            holder[last] = value  # type: ignore[index]  # or it fails
        resources[label] = replace(resources[label], inputs=inputs)

    return step


def option(label: str, **options: object) -> Step:
    """Gives a resource other options."""

    def step(resources: dict[str, Resource]) -> None:
        resources[label] = replace(resources[label], **options)  # type: ignore[arg-type]  # each case names its own

    return step


def without(label: str) -> Step:
    """Takes a resource away."""

    def step(resources: dict[str, Resource]) -> None:
        del resources[label]

    return step


def added(type_: str, name: str, inputs: Mapping[str, object], **options: object) -> Step:
    """Adds a resource."""

    def step(resources: dict[str, Resource]) -> None:
        one = Resource(urn=f"urn:{type_}::{name}", type=type_, name=name, inputs=inputs, **options)  # type: ignore[arg-type]  # each case names its own
        resources[f"{one.label}+"] = one

    return step


def _case(rule: str, title: str, *steps: Step, production: bool = True) -> Case:
    return Case(rule, title, steps=steps, production=production)


def _pods(rule: str, title: str, path: str, value: object) -> Case:
    return _case(rule, title, set_to("Deployment/app", f"spec/template/spec/{path}", value))


def _cluster(rule: str, title: str, path: str, value: object) -> Case:
    return _case(rule, title, set_to("Cluster/gke", path, value))


def _pool(rule: str, title: str, path: str, value: object) -> Case:
    return _case(rule, title, set_to("NodePool/pool", path, value))


def _sql(rule: str, title: str, path: str, value: object) -> Case:
    return _case(rule, title, set_to("DatabaseInstance/sql", path, value))


_SPACE = "Namespace/space"
_PART_OF = "metadata/labels/app.kubernetes.io~1part-of"
_ENFORCE = "metadata/labels/pod-security.kubernetes.io~1enforce"
_DENY = "NetworkPolicy/default-deny"
_FROM = "spec/ingress/0/from"
_EXCEPT = "spec/egress/0/to/0/ipBlock/except"
_OTHERS = {"matchLabels": {"a": "b"}}
_STACK = "urn:pulumi:prod::kotaemon::pulumi:pulumi:Stack::kotaemon-prod"
_DEFAULT = "urn:pulumi:prod::kotaemon::pulumi:providers:kubernetes::default_4_34_2"
_HEALTH = "HealthCheckPolicy/healthcheckpolicy-app"
_CONFIG = "spec/default/config/httpHealthCheck"
_TLS = "GCPGatewayPolicy/gcpgatewaypolicy-front"
_REDIRECT = "HTTPRoute/httproute-redirect"
_SCHEME = "spec/rules/0/filters/0/requestRedirect/scheme"
_BINDING = "rbacBindingConfig/enableInsecureBindingSystem"
_COMPUTE = "1-compute@developer.gserviceaccount.com"
_ARMOR = "SecurityPolicy/armor"
_GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember"
_CONTEXT = "containers/0/securityContext"
_APP = "Deployment/app"
_ANNOTATIONS = "spec/template/metadata/annotations"
_READS = {"policies.kotaemon/reads-node": "logs"}
_POLICY = "NetworkPolicy/google-to-app-ingress"
_TO_PROBER = "NetworkPolicy/prometheus-to-prober-ingress"
_OUT = "NetworkPolicy/app-to-internet-egress"
_BACKEND = "GCPBackendPolicy/gcpbackendpolicy-app"
_ROUTE = "HTTPRoute/httproute-app"
_OWN_ROUTE = "HTTPRoute/httproute-own"
_TRAFFIC = "BackendTrafficPolicy/backendtrafficpolicy-own"
_CLIENT = "ClientTrafficPolicy/clienttrafficpolicy-own"

PODS = (
    _pods("POD-01", "run as root", "securityContext/runAsUser", 0),
    _case(
        "POD-01", "say nothing of their user",
        set_to(_APP, "spec/template/spec/securityContext/runAsNonRoot", GONE),
        set_to(_APP, f"spec/template/spec/{_CONTEXT}/runAsNonRoot", GONE),
    ),
    _pods("POD-02", "write to their root", f"{_CONTEXT}/readOnlyRootFilesystem", GONE),
    _pods("POD-02", "write to their root at first", "initContainers/0/securityContext/readOnlyRootFilesystem", False),
    _pods("POD-03", "keep capabilities", f"{_CONTEXT}/capabilities", GONE),
    _pods("POD-03", "add one", f"{_CONTEXT}/capabilities/add", ["SYS_ADMIN"]),
    _pods("POD-04", "may gain privileges", f"{_CONTEXT}/allowPrivilegeEscalation", GONE),
    _pods("POD-04", "are privileged", f"{_CONTEXT}/privileged", True),
    _pods("POD-05", "call what they like", "securityContext/seccompProfile", {"type": "Unconfined"}),
    _pods("POD-06", "use the node's network", "hostNetwork", True),
    _pods("POD-06", "use the node's processes", "hostPID", True),
    _pods("POD-06", "use the node's files", "volumes/0", {"name": "node", "hostPath": {"path": "/"}}),
    _case(
        "POD-06", "write to the node's logs", set_to(_APP, _ANNOTATIONS, _READS),
        set_to(_APP, "spec/template/spec/volumes/0", {"name": "logs", "hostPath": {"path": "/var/log/pods"}}),
        set_to(_APP, "spec/template/spec/containers/0/volumeMounts", [{"name": "logs", "mountPath": "/logs"}]),
    ),
    _case(
        "POD-06", "read more than its logs", set_to(_APP, _ANNOTATIONS, _READS),
        set_to(_APP, "spec/template/spec/volumes/0", {"name": "all", "hostPath": {"path": "/var/log/../lib"}}),
    ),
    _pods("POD-06", "use the node's ports", "containers/0/ports/0/hostPort", 80),
    _pods("POD-07", "see all of /proc", f"{_CONTEXT}/procMount", "Unmasked"),
    _pods("POD-07", "change the kernel", "securityContext/sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
    _pods("POD-07", "turn AppArmor off", "securityContext/appArmorProfile", {"type": "Unconfined"}),
    _pods("POD-08", "have a token", "automountServiceAccountToken", GONE),
    _pods("POD-08", "mount one", "volumes/0",
          {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}),
    _pods("POD-09", "see the addresses of others", "enableServiceLinks", GONE),
    _pods("POD-10", "run the latest", "containers/0/image", "example.com/app:latest"),
    _pods("POD-10", "run an untagged image", "containers/0/image", "example.com:5000/app"),
    _pods("POD-10", "run a branch", "containers/0/image", "example.com/app:main-lite"),
    _pods("POD-10", "run a minor line", "containers/0/image", "example.com/app:1.2"),
    _pods("POD-11", "run Bitnami's", "containers/0/image", "docker.io/bitnamilegacy/redis:7.4.1"),
    _pods("POD-20", "have no memory limit", "containers/0/resources/limits/memory", GONE),
    _pods("POD-20", "request nothing", "initContainers/0/resources/requests", GONE),
    _pods("POD-21", "aren't asked whether they live", "containers/0/livenessProbe", GONE),
    _pods("POD-21", "have a sidecar that isn't asked", "initContainers/0/restartPolicy", "Always"),
    _pods("POD-22", "aren't spread", "topologySpreadConstraints", GONE),
    _pods("POD-22", "are spread over nodes alone", "topologySpreadConstraints/0/topologyKey", "kubernetes.io/hostname"),
    _case("POD-23", "have no budget", without("PodDisruptionBudget/app")),
    _case("POD-23", "can never be evicted", set_to("PodDisruptionBudget/app", "spec/maxUnavailable", 0)),
    _case(
        "POD-23", "are several by an autoscaler, without a budget",
        set_to(_APP, "spec/replicas", GONE), without("PodDisruptionBudget/app"),
        added(
            "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "app",
            {"metadata": {"namespace": "space"}, "spec": {
                "minReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": "kotaemon"}}},
        ),
    ),
    _pods("POD-24", "are killed at once", "terminationGracePeriodSeconds", 0),
    _pods("POD-24", "hold up an upgrade", "terminationGracePeriodSeconds", 7200),
    _pods("POD-25", "fill the node's disk", "volumes/0/emptyDir/sizeLimit", GONE),
    _pods("POD-26", "fill more than their limit", "volumes/0/emptyDir/sizeLimit", "5Gi"),
)  # fmt: skip

NAMESPACES = (
    _case("NS-01", "enforces nothing", set_to(_SPACE, _ENFORCE, GONE)),
    _case("NS-01", "is privileged", set_to(_SPACE, _ENFORCE, "privileged"), production=False),
    _case("NS-01", "is privileged for pods that say no reason", set_to(_SPACE, _ENFORCE, "privileged"),
          set_to(_SPACE, "metadata/annotations", _READS)),
    _case("NS-01", "is only baseline in production", set_to(_SPACE, _ENFORCE, "baseline")),
    _case("NS-02", "has no quota", without("ResourceQuota/quota")),
    _case("NS-02", "has no quota of pods", set_to("ResourceQuota/quota", "spec/hard/pods", GONE)),
    _case("NS-03", "is the default one", set_to(_APP, "metadata/namespace", "default")),
    _case("NS-03", "isn't named", set_to(_APP, "metadata/namespace", GONE)),
    _case("NET-01", "denies nothing", without(_DENY)),
    _case("NET-01", "lets everybody out", set_to(_DENY, "spec/policyTypes", ["Ingress"])),
    _case("NET-01", "denies some pods", set_to(_DENY, "spec/podSelector", _OTHERS)),
    _case("NET-01", "denies in another namespace", set_to(_DENY, "metadata/namespace", "other")),
    _case("NET-02", "names no port", set_to(_OUT, "spec/egress/0/ports", GONE)),
    _case("NET-02", "names no peer", set_to(_OUT, "spec/egress/0/to", [])),
    _case("NET-02", "lets the world in", set_to(_POLICY, f"{_FROM}/0/ipBlock/cidr", "0.0.0.0/0")),
    _case("NET-02", "lets every namespace in", set_to(_POLICY, f"{_FROM}/0", {"namespaceSelector": {}})),
    _case("NET-03", "has no name", set_to(_OUT, "metadata/name", GONE)),
    _case("NET-04", "lets a private network in", set_to(_POLICY, f"{_FROM}/0/ipBlock/cidr", "10.0.0.0/8")),
    _case("NET-04", "lets other pods in", set_to(_POLICY, f"{_FROM}/1/podSelector/matchLabels", {"app": "shell"})),
    _case("NET-04", "lets a whole namespace in", set_to(_POLICY, f"{_FROM}/1", {"namespaceSelector": _OTHERS})),
    _case("NET-04", "lets something in to all pods", set_to(_POLICY, "spec/podSelector", {}),
          set_to(_POLICY, f"{_FROM}/0", {"podSelector": {}})),
    _case("NET-05", "reaches the node's credentials", set_to(_OUT, _EXCEPT, ["10.0.0.0/8"])),
    _case("NET-05", "reaches them on every port", set_to(_OUT, _EXCEPT, GONE), set_to(_OUT, "spec/egress/0/ports", [])),
    _case("NET-06", "selects nothing", set_to(_POLICY, "spec/podSelector/matchLabels/app.kubernetes.io~1name", "typo")),
    _case("NET-06", "opens a port that nobody has", set_to(_POLICY, "spec/ingress/0/ports/0/port", 8081)),
    _case("NET-07", "lets everybody ask", set_to(_TO_PROBER, f"{_FROM}/0", {"podSelector": {}})),
    _case("NET-07", "lets other pods ask", set_to(_TO_PROBER, f"{_FROM}/0/podSelector/matchLabels", {"app": "shell"})),
    _case("NET-07", "lets every namespace ask", set_to(_TO_PROBER, f"{_FROM}/1", {"namespaceSelector": {}})),
    _case("NET-07", "lets addresses ask", set_to(_TO_PROBER, f"{_FROM}/1", {"ipBlock": {"cidr": "10.0.0.0/8"}})),
)  # fmt: skip

SECRETS = (
    _case("SEC-01", "in a ConfigMap", option("ConfigMap/settings", secrets=frozenset({"data.word"}))),
    _case("SEC-01", "in a variable", option(_APP, secrets=frozenset({"spec.template.spec"}))),
    _case("SEC-01", "in a Secret's labels", option("Secret/secret", secrets=frozenset({"metadata.labels.a"}))),
    _case("SEC-02", "readable in the state", option("Secret/secret", secrets=frozenset())),
    _case("SEC-02", "readable in a version", option("SecretVersion/version", secrets=frozenset())),
    _case("SEC-02", "readable in a user", option("User/user", secrets=frozenset())),
    _pods("SEC-03", "in a literal", "containers/0/env/0", {"name": "ADMIN_PASSWORD", "value": "admin"}),
    _case("SEC-04", "changed in place", set_to("Secret/secret", "immutable", GONE)),
    _case("SEC-04", "of a fixed name", set_to("ConfigMap/settings", "metadata/name", "settings")),
)  # fmt: skip

_PROTECTED = (
    "PersistentVolumeClaim/claim", "StatefulSet/store", "Namespace/space", "Cluster/gke", "DatabaseInstance/sql",
    "Bucket/bucket", "CryptoKey/key", "Instance/files",
)  # fmt: skip
DATA = (
    *(_case("DATA-01", f"{label} isn't protected", option(label, protect=False)) for label in _PROTECTED),
    _sql("DATA-02", "the database may be deleted by Pulumi", "deletionProtection", False),
    _sql("DATA-02", "the database may be deleted by others", "settings/deletionProtectionEnabled", GONE),
    _case("DATA-02", "the bucket goes with what is in it", set_to("Bucket/bucket", "forceDestroy", True)),
    _case("DATA-02", "the files may be deleted", set_to("Instance/files", "deletionProtectionEnabled", GONE)),
    _cluster("DATA-02", "the cluster may be deleted", "deletionProtection", False),
    _case(
        "DATA-03", "volumes go with the pods",
        set_to("StatefulSet/store", "spec/persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Delete"}),
    ),
    _case("DATA-04", "a claim has no name", set_to("PersistentVolumeClaim/claim", "metadata/name", GONE)),
    _case(
        "DATA-04", "a set was named by Pulumi",
        set_to("StatefulSet/store", "metadata/annotations", {"pulumi.com/autonamed": "true"}),
    ),
)  # fmt: skip

STRUCTURE = (
    _case("STR-01", "an object without a label", set_to("Service/app", _PART_OF, GONE)),
    _case("STR-02", "pods without labels", set_to(_APP, "spec/template/metadata/labels", {"app": "app"})),
    _case("STR-03", "no parent", option("Service/app", parent="")),
    _case("STR-03", "in no component", option("Service/app", parent=_STACK)),
    _case("STR-04", "two of one URN", option("Service/app", urn="urn:a"), option("ConfigMap/settings", urn="urn:a")),
    _case("STR-05", "no provider", option("Bucket/bucket", provider="")),
    _case("STR-05", "a default provider", option("Service/app", provider=_DEFAULT)),
)  # fmt: skip

EDGE = (
    _case("EDGE-01", "a load balancer", set_to("Service/app", "spec/type", "LoadBalancer")),
    _case("EDGE-01", "a port of each node", set_to("Service/app", "spec/type", "NodePort")),
    _case("EDGE-01", "addresses of the network", set_to("Service/app", "spec/externalIPs", ["192.0.2.1"])),
    _case("EDGE-02", "an Ingress", added("kubernetes:networking.k8s.io/v1:Ingress", "app", {})),
    _case("EDGE-03", "no HTTPS", set_to("Gateway/gateway-front", "spec/listeners/0/protocol", "HTTP")),
    _case("EDGE-03", "plain TCP", set_to("Gateway/gateway-front", "spec/listeners/1/protocol", "TCP")),
    _case("EDGE-04", "a page on HTTP too", set_to(_ROUTE, "spec/parentRefs/0/sectionName", GONE)),
    _case("EDGE-04", "a redirect that goes nowhere safe", set_to(_REDIRECT, _SCHEME, "http")),
    _case("EDGE-05", "IAP off", set_to(_BACKEND, "spec/default/iap/enabled", False)),
    _case("EDGE-05", "IAP left out", set_to(_BACKEND, "spec/default/iap", GONE)),
    _case("EDGE-05", "no policy at all", without(_BACKEND)),
    _case("EDGE-05", "IAP before another Service", set_to(_BACKEND, "spec/targetRef/name", "other")),
    _case("EDGE-06", "no health check", without(_HEALTH)),
    _case("EDGE-07", "30 seconds", set_to(_BACKEND, "spec/default/timeoutSec", 30)),
    _case("EDGE-07", "the default", set_to(_BACKEND, "spec/default/timeoutSec", GONE)),
    _case("EDGE-08", "the default", set_to(_BACKEND, "spec/default/connectionDraining", GONE)),
    _case("EDGE-09", "any pod", set_to(_BACKEND, "spec/default/sessionAffinity/type", "NONE")),
    _case("EDGE-10", "no log", set_to(_BACKEND, "spec/default/logging", GONE)),
    _case("EDGE-11", "no Cloud Armor", set_to(_BACKEND, "spec/default/securityPolicy", GONE)),
    _case("EDGE-12", "no path", set_to(_HEALTH, f"{_CONFIG}/requestPath", GONE)),
    _case("EDGE-13", "no policy", without(_TLS)),
    _case("EDGE-13", "a policy of nothing", set_to(_TLS, "spec/default/sslPolicy", GONE)),
    _case("EDGE-14", "TLS 1.0", set_to("SSLPolicy/tls", "minTlsVersion", "TLS_1_0")),
    _case("EDGE-14", "any cipher", set_to("SSLPolicy/tls", "profile", "COMPATIBLE")),
    _case("EDGE-15", "the proxy's default", set_to(_OWN_ROUTE, "spec/rules/0/timeouts", GONE)),
    _case("EDGE-15", "some minutes", set_to(_OWN_ROUTE, "spec/rules/0/timeouts/request", "5m30s")),
    _case("EDGE-16", "any pod", set_to(_TRAFFIC, "spec/loadBalancer/type", "RoundRobin")),
    _case("EDGE-16", "by a header", set_to(_TRAFFIC, "spec/loadBalancer/consistentHash/type", "Header")),
    _case("EDGE-17", "TLS 1.0", set_to(_CLIENT, "spec/tls/minVersion", "1.0")),
    _case("EDGE-17", "nothing said", set_to(_CLIENT, "spec/tls", GONE)),
)  # fmt: skip

GKE = (
    _cluster("GKE-01", "one zone", "location", "europe-west1-b"),
    _cluster("GKE-01", "nodes in two zones", "nodeLocations", ["europe-west1-b", "europe-west1-c"]),
    _cluster("GKE-02", "an address for everybody", "controlPlaneEndpointsConfig", GONE),
    _case(
        "GKE-02", "every network is authorized", set_to("Cluster/gke", "controlPlaneEndpointsConfig", GONE),
        set_to("Cluster/gke", "masterAuthorizedNetworksConfig", {"cidrBlocks": [{"cidrBlock": "0.0.0.0/0"}]}),
    ),
    _case(
        "GKE-02", "every customer of Google is authorized", set_to("Cluster/gke", "controlPlaneEndpointsConfig", GONE),
        set_to("Cluster/gke", "masterAuthorizedNetworksConfig", {"gcpPublicCidrsAccessEnabled": True}),
    ),
    _cluster("GKE-03", "public nodes", "privateClusterConfig/enablePrivateNodes", False),
    _case("GKE-03", "no NAT", without("RouterNat/nat")),
    _cluster("GKE-04", "the old data path", "datapathProvider", "LEGACY_DATAPATH"),
    _cluster("GKE-04", "no policies by name", "enableFqdnNetworkPolicy", GONE),
    _cluster("GKE-05", "routes instead of ranges", "networkingMode", "ROUTES"),
    _cluster("GKE-05", "no ranges", "ipAllocationPolicy", GONE),
    _cluster("GKE-05", "kube-dns", "dnsConfig/clusterDns", "PLATFORM_DEFAULT"),
    _cluster("GKE-05", "names for the whole VPC", "dnsConfig/clusterDnsScope", "VPC_SCOPE"),
    _cluster("GKE-06", "no workload pool", "workloadIdentityConfig", GONE),
    _pool("GKE-06", "the node's metadata", "nodeConfig/workloadMetadataConfig/mode", "GCE_METADATA"),
    _cluster("GKE-07", "nodes that anybody can pose as", "enableShieldedNodes", False),
    _pool("GKE-07", "any boot loader", "nodeConfig/shieldedInstanceConfig/enableSecureBoot", False),
    _pool("GKE-07", "no integrity monitoring", "nodeConfig/shieldedInstanceConfig/enableIntegrityMonitoring", GONE),
    _cluster("GKE-08", "attribute-based access", "enableLegacyAbac", True),
    _cluster("GKE-08", "a client certificate", "masterAuth/clientCertificateConfig/issueClientCertificate", True),
    _cluster("GKE-08", "roles for everybody who logs in", f"{_BINDING}Authenticated", True),
    _cluster("GKE-08", "roles for everybody", f"{_BINDING}Unauthenticated", GONE),
    _cluster("GKE-08", "anonymous requests", "anonymousAuthenticationConfig/mode", "ENABLED"),
    _pool("GKE-08", "an open kubelet", "nodeConfig/kubeletConfig/insecureKubeletReadonlyPortEnabled", "TRUE"),
    _cluster("GKE-09", "plain Secrets", "databaseEncryption/state", "DECRYPTED"),
    _cluster("GKE-09", "no key", "databaseEncryption/keyName", GONE),
    _cluster("GKE-10", "any image", "binaryAuthorization/evaluationMode", "DISABLED"),
    _cluster("GKE-10", "no posture", "securityPostureConfig/mode", "DISABLED"),
    _cluster("GKE-11", "no channel", "releaseChannel/channel", "UNSPECIFIED"),
    _cluster("GKE-11", "no window", "maintenancePolicy/recurringWindow", GONE),
    _pool("GKE-11", "no upgrades", "management/autoUpgrade", False),
    _pool("GKE-11", "no repairs", "management/autoRepair", GONE),
    _pool("GKE-11", "nodes go first", "upgradeSettings/maxUnavailable", 1),
    _pool("GKE-11", "no node more", "upgradeSettings/maxSurge", 0),
    _pool("GKE-12", "a fixed number", "autoscaling", GONE),
    _pool("GKE-12", "no end", "autoscaling/totalMaxNodeCount", GONE),
    _pool("GKE-12", "any zone", "autoscaling/locationPolicy", "ANY"),
    _cluster("GKE-12", "the old profile", "podAutoscaling/hpaProfile", "NONE"),
    _cluster("GKE-12", "no vertical autoscaling", "verticalPodAutoscaling/enabled", False),
    _cluster("GKE-13", "no logs of workloads", "loggingConfig/enableComponents", ["SYSTEM_COMPONENTS"]),
    _cluster("GKE-13", "no metrics", "monitoringConfig/enableComponents", []),
    _cluster("GKE-13", "no Prometheus", "monitoringConfig/managedPrometheus/enabled", False),
    _cluster("GKE-14", "no Gateway API", "gatewayApiConfig", GONE),
    _cluster("GKE-14", "one bill", "costManagementConfig/enabled", False),
    _cluster("GKE-14", "unseen flows", "enableIntranodeVisibility", GONE),
    *(
        _cluster("GKE-15", f"no {name}", f"addonsConfig/{name}/enabled", False)
        for name in ("gkeBackupAgentConfig", "gcpFilestoreCsiDriverConfig", "gcsFuseCsiDriverConfig",
                     "gcePersistentDiskCsiDriverConfig")
    ),
    _cluster("GKE-15", "no Secret Manager", "secretManagerConfig", GONE),
    _cluster("GKE-16", "Google's own pool", "removeDefaultNodePool", GONE),
    _cluster("GKE-16", "deleted by a slip", "deletionProtection", GONE),
    _pool("GKE-17", "the default account", "nodeConfig/serviceAccount", GONE),
    _pool("GKE-17", "the default account by name", "nodeConfig/serviceAccount", _COMPUTE),
    _case("GKE-17", "a role less", without("IAMMember/artifactregistry.reader")),
    _case(
        "GKE-17", "a role more",
        added("gcp:projects/iAMMember:IAMMember", "more", {
            "role": "roles/storage.admin", "member": "serviceAccount:nodes@project.iam.gserviceaccount.com"}),
    ),
    _case(
        "GKE-17", "Autopilot with the default account", set_to("Cluster/gke", "enableAutopilot", True),
    ),
    _cluster("GKE-18", "a calendar without holidays", "maintenancePolicy/maintenanceExclusions", []),
)  # fmt: skip

_FLAG = "settings/databaseFlags"
GOOGLE = (
    _sql("SQL-01", "a public address", "settings/ipConfiguration/ipv4Enabled", GONE),
    _sql("SQL-01", "no private network", "settings/ipConfiguration/privateNetwork", GONE),
    _sql("SQL-02", "plain connections", "settings/ipConfiguration/sslMode", "ALLOW_UNENCRYPTED_AND_ENCRYPTED"),
    _sql("SQL-03", "no backups", "settings/backupConfiguration/enabled", False),
    _sql("SQL-03", "backups of yesterday alone", "settings/backupConfiguration/pointInTimeRecoveryEnabled", GONE),
    _sql("SQL-04", "three days", "settings/backupConfiguration/backupRetentionSettings/retainedBackups", 3),
    _sql("SQL-05", "one zone", "settings/availabilityType", "ZONAL"),
    _sql("SQL-06", "no insights", "settings/insightsConfig", GONE),
    _sql("SQL-07", "any hour", "settings/maintenanceWindow/hour", GONE),
    _sql("SQL-08", "no log of connections", f"{_FLAG}/0/value", "off"),
    _sql("SQL-08", "no flags", _FLAG, GONE),
    _case("BKT-01", "access by object", set_to("Bucket/bucket", "uniformBucketLevelAccess", GONE)),
    _case("BKT-02", "a public bucket", set_to("Bucket/bucket", "publicAccessPrevention", "inherited")),
    _case("BKT-03", "nothing kept", set_to("Bucket/bucket", "versioning/enabled", False)),
    _case("BKT-04", "Google's key", set_to("Bucket/bucket", "encryption", GONE)),
    _case("KMS-01", "a key for ever", set_to("CryptoKey/key", "rotationPeriod", GONE)),
    _case("KMS-01", "a key for a year", set_to("CryptoKey/key", "rotationPeriod", "31536000s")),
    _case("VPC-01", "subnets everywhere", set_to("Network/network", "autoCreateSubnetworks", GONE)),
    _case("VPC-02", "Google through the NAT", set_to("Subnetwork/subnet", "privateIpGoogleAccess", GONE)),
    _case("VPC-02", "no flow logs", set_to("Subnetwork/subnet", "logConfig", GONE)),
    _case("VPC-03", "the world", set_to("Firewall/health", "sourceRanges", ["0.0.0.0/0"])),
    _case("VPC-03", "the world, unsaid", set_to("Firewall/health", "sourceRanges", GONE)),
    _case("VPC-04", "no log", set_to("Firewall/health", "logConfig", GONE)),
    _case("VPC-05", "no log", set_to("RouterNat/nat", "logConfig/enable", False)),
    _case("ARM-01", "no rate limit", set_to(_ARMOR, "rules/1/action", "allow")),
    _case("ARM-02", "attacks are only watched", set_to(_ARMOR, "rules/0/preview", True)),
    _case("ARM-01", "an attack is forgotten", set_to(_ARMOR, "rules/0/match/expr/expression", "false")),
    _case("IAM-01", "an editor", set_to("IAMMember/artifactregistry.reader", "role", "roles/editor")),
    _case("IAM-02", "everybody", added(_GRANT, "all", {"member": "allUsers"})),
    _case("IAM-03", "a key", added("gcp:serviceaccount/key:Key", "key", {})),
    _case("IAM-04", "a binding", added("gcp:projects/iAMBinding:IAMBinding", "all", {})),
    _case("API-01", "an API that goes", set_to("Service/api", "disableOnDestroy", GONE)),
)  # fmt: skip

CASES = (*PODS, *NAMESPACES, *SECRETS, *DATA, *STRUCTURE, *EDGE, *GKE, *GOOGLE)
NEVER_THERE = {"EDGE-02", "IAM-03", "IAM-04"}
"""Rules that are kept by having no such resource at all."""
