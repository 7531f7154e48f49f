"""A graph made by hand, with what only a stack on Google Cloud has: what a picture must show of it."""

from collections.abc import Mapping, Sequence

from policies.graph import Graph, Resource, graph_of

_LABEL = "app.kubernetes.io/name"


def resource(
    kind: str, name: str, inputs: Mapping[str, object] | None = None, *, parent: str = ""
) -> Resource:
    """One resource; components are those of our own package."""
    return Resource(
        urn=f"urn:{kind}::{name}", type=kind, name=name, inputs=inputs or {}, parent=parent,
        custom=not kind.startswith("kotaemon:"),
    )  # fmt: skip


def component(noun: str, name: str) -> Resource:
    """A component at the top."""
    return resource(f"kotaemon:index:{noun}", name)


def thing(group: str, kind: str, name: str, inputs: Mapping[str, object], parent: Resource) -> Resource:
    """A Kubernetes object."""
    return resource(
        f"kubernetes:{group}:{kind}",
        name,
        {"kind": kind, "metadata": {"name": name}, **inputs},
        parent=parent.urn,
    )


def workload(
    kind: str,
    name: str,
    spec: Mapping[str, object],
    *images: str,
    env: Sequence[object] = (),
    volumes: Sequence[object] = (),
) -> dict[str, object]:
    """The inputs of what keeps pods running, one container for each image."""
    requests = {"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "3Gi"}}
    containers = [{"name": image, "image": image, "resources": requests, "env": env} for image in images]
    pod = {"containers": containers, "volumes": volumes}
    template = {"metadata": {"labels": {_LABEL: name}}, "spec": pod}
    return {"spec": {"template": template, **spec}, "metadata": {"name": name}, "kind": kind}


def pods(name: str) -> dict[str, object]:
    """A selector of a workload's pods."""
    return {"matchLabels": {_LABEL: name}}


def egress(name: str, source: str, to: Mapping[str, object], port: int, parent: Resource) -> Resource:
    """The source's side of a flow."""
    rule = {"to": [to], "ports": [{"protocol": "TCP", "port": port}]}
    spec = {"podSelector": pods(source), "egress": [rule]}
    return thing("networking.k8s.io/v1", "NetworkPolicy", f"{name}-egress", {"spec": spec}, parent)


def production() -> Graph:
    """As much of a production stack on Google Cloud as a picture shows, and small things that it counts."""
    app, store, space, gke, edge, backup, sql, secrets, made = (
        component("Kotaemon", "kotaemon"), component("Qdrant", "qdrant"), component("Namespace", "namespace"),
        component("Gke", "gke"), component("Edge", "edge"), component("Backups", "backup"),
        component("CloudSqlPostgres", "postgres"), component("ManagedSecrets", "managed"),
        component("GeneratedSecret", "postgres-administrator"),
    )  # fmt: skip
    environment = [
        {"name": "KOTAEMON_PG_HOST", "value": "postgres"},
        {"name": "KOTAEMON_DOCSTORE", "value": "postgres"},
        {"name": "KOTAEMON_VECTORSTORE", "value": "qdrant"},
        {"name": "KOTAEMON_QDRANT_URL", "value": "http://qdrant:6333"},
        {
            "name": "OPENAI_API_KEY",
            "valueFrom": {"secretKeyRef": {"name": "managed-1a2b", "key": "openaiApiKey"}},
        },
    ]
    server = workload(
        "Deployment", "kotaemon", {"replicas": 3}, "ghcr.io/cinnamon/kotaemon:0.11.3-lite",
        "quay.io/oauth2-proxy/oauth2-proxy:v7.13.0", env=environment,
    )  # fmt: skip
    return graph_of(
        [
            app, store, space, gke, edge, backup, sql, secrets,
            resource("pulumi:providers:gcp", "google", {"project": "example-project", "region": "europe-west4"}),
            resource("gcp:projects/service:Service", "sqladmin", {}, parent=gke.urn),
            resource("gcp:compute/network:Network", "kotaemon", {}, parent=gke.urn),
            resource("gcp:compute/subnetwork:Subnetwork", "kotaemon-nodes", {
                "ipCidrRange": "10.10.0.0/20",
                "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "10.20.0.0/16"},
                                      {"rangeName": "services", "ipCidrRange": "10.30.0.0/20"}],
            }, parent=gke.urn),
            resource("gcp:compute/routerNat:RouterNat", "nat", {"natIps": ["a", "b"]}, parent=gke.urn),
            resource("gcp:container/cluster:Cluster", "kotaemon", {
                "name": "kotaemon-prod", "location": "europe-west4",
                "nodeLocations": ["europe-west4-a", "europe-west4-b", "europe-west4-c"],
                "datapathProvider": "ADVANCED_DATAPATH", "workloadIdentityConfig": {"workloadPool": "x"},
                "privateClusterConfig": {"enablePrivateNodes": True},
                "controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": False}},
                "databaseEncryption": {"state": "ENCRYPTED"}, "releaseChannel": {"channel": "REGULAR"},
                "binaryAuthorization": {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"},
            }, parent=gke.urn),
            resource("gcp:container/nodePool:NodePool", "kotaemon-main", {
                "autoscaling": {"totalMinNodeCount": 3, "totalMaxNodeCount": 9},
                "nodeConfig": {"machineType": "e2-standard-4"},
            }, parent=gke.urn),
            resource("gcp:container/nodePool:NodePool", "kotaemon-gpu", {
                "autoscaling": {"totalMinNodeCount": 0, "totalMaxNodeCount": 1},
                "nodeConfig": {"machineType": "g2-standard-8", "spot": True,
                               "guestAccelerators": [{"type": "nvidia-l4", "count": 1}]},
            }, parent=gke.urn),
            resource("gcp:kms/keyRing:KeyRing", "keys", {}, parent=gke.urn),
            resource("gcp:kms/cryptoKey:CryptoKey", "keys-cluster", {"rotationPeriod": "7776000s"}, parent=gke.urn),
            resource("gcp:kms/cryptoKey:CryptoKey", "keys-backups", {"rotationPeriod": "7776000s"}, parent=gke.urn),
            resource("gcp:sql/databaseInstance:DatabaseInstance", "postgres", {
                "databaseVersion": "POSTGRES_17",
                "settings": {
                    "tier": "db-custom-2-8192", "edition": "ENTERPRISE", "availabilityType": "REGIONAL",
                    "ipConfiguration": {"ipv4Enabled": False, "sslMode": "ENCRYPTED_ONLY"},
                    "backupConfiguration": {"pointInTimeRecoveryEnabled": True, "transactionLogRetentionDays": 7,
                                            "backupRetentionSettings": {"retainedBackups": 14}},
                },
            }, parent=sql.urn),
            resource("gcp:storage/bucket:Bucket", "kotaemon-prod-backup", {
                "location": "EUROPE-WEST4", "retentionPolicy": {"retentionPeriod": 2592000, "isLocked": True},
                "encryption": {"defaultKmsKeyName": "x"},
            }, parent=backup.urn),
            resource("gcp:gkebackup/backupPlan:BackupPlan", "plan", {
                "backupSchedule": {"cronSchedule": "0 3 * * *"}, "retentionPolicy": {"backupRetainDays": 30},
                "backupConfig": {"includeVolumeData": True, "includeSecrets": True, "encryptionKey": {"k": "x"}},
            }, parent=backup.urn),
            resource("gcp:compute/securityPolicy:SecurityPolicy", "armor", {"rules": [
                {"rateLimitOptions": {"rateLimitThreshold": {"count": 1200, "intervalSec": 60}}},
                {"match": {"expr": {"expression": "evaluatePreconfiguredWaf('sqli-v33-stable')"}}},
                {"match": {"expr": {"expression": "evaluatePreconfiguredWaf('xss-v33-stable')"}}},
            ]}, parent=edge.urn),
            resource("gcp:compute/sSLPolicy:SSLPolicy", "tls", {"minTlsVersion": "TLS_1_2"}, parent=edge.urn),
            resource("gcp:certificatemanager/certificate:Certificate", "certificate", {}, parent=edge.urn),
            thing("gateway.networking.k8s.io/v1", "Gateway", "kotaemon", {"spec": {
                "gatewayClassName": "gke-l7-global-external-managed",
                "listeners": [{"protocol": "HTTP", "port": 80}, {"protocol": "HTTPS", "port": 443}],
            }}, edge),
            thing("gateway.networking.k8s.io/v1", "HTTPRoute", "kotaemon",
                  {"spec": {"hostnames": ["kotaemon.example.com"]}}, edge),
            thing("networking.gke.io/v1", "GCPBackendPolicy", "kotaemon", {"spec": {"default": {
                "timeoutSec": 3600, "sessionAffinity": {"type": "GENERATED_COOKIE"}, "iap": {"enabled": True},
            }}}, edge),
            thing("v1", "Namespace", "kotaemon",
                  {"metadata": {"name": "kotaemon",
                                "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}, space),
            thing("networking.k8s.io/v1", "NetworkPolicy", "default-deny", {"spec": {"podSelector": {}}}, space),
            egress("kotaemon-to-cloud-sql", "kotaemon", {"ipBlock": {"cidr": "10.40.0.0/20"}}, 5432, app),
            egress("kotaemon-to-vectors", "kotaemon", {"podSelector": pods("qdrant")}, 6333, app),
            egress("qdrant-peers", "qdrant", {"podSelector": pods("qdrant")}, 6335, store),
            egress("kotaemon-to-internet", "kotaemon", {"ipBlock": {"cidr": "0.0.0.0/0"}}, 443, app),
            egress("kotaemon-to-metadata", "kotaemon", {"ipBlock": {"cidr": "169.254.169.254/32"}}, 80, app),
            thing("networking.k8s.io/v1", "NetworkPolicy", "edge-to-kotaemon-ingress", {"spec": {
                "podSelector": pods("kotaemon"),
                "ingress": [{"from": [{"ipBlock": {"cidr": "35.191.0.0/16"}}], "ports": [{"port": 7860}]}],
            }}, edge),
            thing("apps/v1", "Deployment", "kotaemon", server, app),
            thing("v1", "Service", "kotaemon", {}, app),
            thing("v1", "ConfigMap", "kotaemon-files", {}, app),
            made,
            thing("v1", "Secret", "postgres-administrator", {"stringData": {"password": "x"}}, made),
            thing("apps/v1", "StatefulSet", "qdrant", workload(
                "StatefulSet", "qdrant", {"replicas": 3, "volumeClaimTemplates": [{"spec": {
                    "accessModes": ["ReadWriteOnce"], "storageClassName": "premium-rwo",
                    "resources": {"requests": {"storage": "50Gi"}},
                }}]}, "qdrant/qdrant:v1.13.6-unprivileged"), store),
            thing("secret-sync.gke.io/v1", "SecretSync", "managed-1a2b", {
                "spec": {"secretObject": {"data": [{"targetKey": "openaiApiKey"}, {"targetKey": "cohereApiKey"}]}}
            }, secrets),
        ],
        production=True,
    )  # fmt: skip


def any_cluster() -> Graph:
    """What a front door on another cluster than Google's adds, and a volume whose class the stack makes."""
    app, edge, space = (
        component("Kotaemon", "kotaemon"),
        component("FrontDoor", "edge"),
        component("Namespace", "a"),
    )
    server = workload(
        "Deployment", "kotaemon", {"replicas": 2}, "ghcr.io/cinnamon/kotaemon:0.11.3-lite",
        env=[{"name": "KOTAEMON_DOCSTORE", "value": "postgres"}],
        volumes=[{"persistentVolumeClaim": {"claimName": "kotaemon-data"}}],
    )  # fmt: skip
    return graph_of(
        [
            app, edge, space,
            thing("v1", "Namespace", "kotaemon", {}, space),
            thing("apps/v1", "Deployment", "kotaemon", server, app),
            thing("v1", "PersistentVolumeClaim", "kotaemon-data",
                  {"spec": {"accessModes": ["ReadWriteMany"], "storageClassName": "shared",
                            "resources": {"requests": {"storage": "1Ti"}}}}, app),
            thing("storage.k8s.io/v1", "StorageClass", "shared",
                  {"provisioner": "filestore.csi.storage.gke.io", "parameters": {"tier": "zonal"}}, app),
            thing("gateway.networking.k8s.io/v1", "Gateway", "edge", {"spec": {
                "gatewayClassName": "kotaemon", "listeners": [{"protocol": "HTTPS", "port": 443}],
            }}, edge),
            thing("gateway.networking.k8s.io/v1", "HTTPRoute", "kotaemon", {"spec": {
                "hostnames": ["kotaemon.example.com"], "rules": [{"timeouts": {"request": "3600s"}}],
            }}, edge),
            thing("cert-manager.io/v1", "Issuer", "edge", {"spec": {"acme": {"server": "x"}}}, edge),
            thing("cert-manager.io/v1", "Certificate", "edge", {}, edge),
            thing("gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy", "edge",
                  {"spec": {"loadBalancer": {"consistentHash": {"type": "Cookie"}}}}, edge),
            thing("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy", "edge",
                  {"spec": {"tls": {"minVersion": "1.2"}}}, edge),
            resource("kubernetes:helm.sh/v3:Release", "cert-manager", {"version": "v1.21.2"}, parent=edge.urn),
            thing("networking.k8s.io/v1", "NetworkPolicy", "edge-to-kotaemon-ingress", {"spec": {
                "podSelector": pods("kotaemon"),
                "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "envoy"}}}],
                             "ports": [{"port": 4180}]}],
            }}, edge),
        ],
        production=False,
    )  # fmt: skip
