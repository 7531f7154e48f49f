"""What Google hands out for each type, in pretence: ids and outputs, in the forms that its documentation gives.

In the templates, `{name}` is the resource's input, or what the provider is configured with. Names that begin
with `_` are made up, always the same for the same id: see `pretend`.
"""

from sandbox.providers.wire import Properties

# Made once, its key thrown away: it signs nothing.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBczCCARigAwIBAgIBATAKBggqhkjOPQQDAjA3MTUwMwYDVQQDDCxOb3QgR29v
Z2xlOiBhIGNlcnRpZmljYXRlIHRoYXQgc2lnbnMgbm90aGluZzAgFw0yNjAxMDEw
MDAwMDBaGA8yMTI2MDEwMTAwMDAwMFowNzE1MDMGA1UEAwwsTm90IEdvb2dsZTog
YSBjZXJ0aWZpY2F0ZSB0aGF0IHNpZ25zIG5vdGhpbmcwWTATBgcqhkjOPQIBBggq
hkjOPQMBBwNCAAR/BvP01sGbDaWvxya0vrzkvUBhKYQYeEVBax762MKmuXGWYCEv
/2jQmXAs8U6SMwewH3MF3RumeeZIxRTIIdt7oxMwETAPBgNVHRMBAf8EBTADAQH/
MAoGCCqGSM49BAMCA0kAMEYCIQDjUBZnHx1YbMudcDioE4rp47L9UpGH4hiKVerQ
C6XhGQIhAK/E5Nf4fbV6YG85ds6KEcK2nO6FrH1vopyq9LpVhOUl
-----END CERTIFICATE-----
"""
_MADE, _ENDS = "2026-01-01T00:00:00Z", "2126-01-01T00:00:00Z"
_COMPUTE = "https://www.googleapis.com/compute/v1/{id}"
_GLOBAL = "projects/{project}/global/"
_REGIONAL = "projects/{project}/regions/{region}/"
_LOCATED = "projects/{project}/locations/{location}/"
_AGENT = "service-{_number}@{_agent}.iam.gserviceaccount.com"
GKE_VERSION = "1.33.5-gke.1162000"

CLUSTER: Properties = {
    "controlPlaneEndpointsConfig": {
        "dnsEndpointConfig": {"endpoint": "gke-{_hex12}-{_number}.{location}.gke.goog"},
    },
    "clusterIpv4Cidr": "10.64.0.0/14",
    "endpoint": "{_ip}",
    "labelFingerprint": "{_hex8}",
    "masterAuth": {"clusterCaCertificate": "{_certificate64}", "clientCertificate": "", "clientKey": ""},
    "masterVersion": GKE_VERSION,
    "nodeVersion": GKE_VERSION,
    "privateClusterConfig": {"privateEndpoint": "{_ip}", "publicEndpoint": "{_ip}"},
    "selfLink": "https://container.googleapis.com/v1/{id}",
    "servicesIpv4Cidr": "10.68.0.0/20",
    "workloadIdentityConfig": {"workloadPool": "{project}.svc.id.goog"},
}

TYPES: dict[str, tuple[str, Properties]] = {
    "artifactregistry/repository:Repository": (
        _LOCATED + "repositories/{repositoryId}",
        {
            "name": "{repositoryId}",
            "registryUri": "{location}-docker.pkg.dev/{project}/{repositoryId}",
            "createTime": _MADE,
            "updateTime": _MADE,
        },
    ),
    "binaryauthorization/attestor:Attestor": ("projects/{project}/attestors/{name}", {}),
    "binaryauthorization/policy:Policy": ("projects/{project}", {}),
    "certificatemanager/certificate:Certificate": (
        _LOCATED + "certificates/{name}",
        {"managed": {"state": "ACTIVE"}, "sanDnsnames": []},
    ),
    "certificatemanager/certificateMap:CertificateMap": (
        _LOCATED + "certificateMaps/{name}",
        {"createTime": _MADE, "updateTime": _MADE, "gclbTargets": []},
    ),
    "certificatemanager/certificateMapEntry:CertificateMapEntry": (
        _LOCATED + "certificateMaps/{_base_map}/certificateMapEntries/{name}",
        {"createTime": _MADE, "updateTime": _MADE, "state": "ACTIVE"},
    ),
    "certificatemanager/dnsAuthorization:DnsAuthorization": (
        _LOCATED + "dnsAuthorizations/{name}",
        {
            "dnsResourceRecords": [
                {
                    "name": "_acme-challenge.{domain}.",
                    "type": "CNAME",
                    "data": "{_uuid}.{_digits2}.authorize.certificatemanager.goog.",
                }
            ],
            "type": "FIXED_RECORD",
        },
    ),
    "compute/address:Address": (
        _REGIONAL + "addresses/{name}",
        {"address": "{_ip}", "addressId": "{_digits19}", "creationTimestamp": _MADE, "selfLink": _COMPUTE},
    ),
    "compute/firewall:Firewall": (
        _GLOBAL + "firewalls/{name}",
        {"creationTimestamp": _MADE, "selfLink": _COMPUTE},
    ),
    "compute/globalAddress:GlobalAddress": (
        _GLOBAL + "addresses/{name}",
        {"address": "{_ip}", "creationTimestamp": _MADE, "selfLink": _COMPUTE},
    ),
    "compute/managedSslCertificate:ManagedSslCertificate": (
        _GLOBAL + "sslCertificates/{name}",
        {"creationTimestamp": _MADE, "expireTime": _ENDS, "selfLink": _COMPUTE},
    ),
    "compute/network:Network": (
        _GLOBAL + "networks/{name}",
        {"gatewayIpv4": "", "networkId": "{_digits19}", "numericId": "{_digits19}", "selfLink": _COMPUTE},
    ),
    "compute/router:Router": (
        _REGIONAL + "routers/{name}",
        {"creationTimestamp": _MADE, "selfLink": _COMPUTE},
    ),
    "compute/routerNat:RouterNat": ("{project}/{region}/{_base_router}/{name}", {}),
    "compute/sSLPolicy:SSLPolicy": (
        _GLOBAL + "sslPolicies/{name}",
        {"creationTimestamp": _MADE, "enabledFeatures": [], "fingerprint": "{_hex8}", "selfLink": _COMPUTE},
    ),
    "compute/securityPolicy:SecurityPolicy": (
        _GLOBAL + "securityPolicies/{name}",
        {"fingerprint": "{_hex8}", "selfLink": _COMPUTE},
    ),
    "compute/subnetwork:Subnetwork": (
        _REGIONAL + "subnetworks/{name}",
        {
            "creationTimestamp": _MADE,
            "gatewayAddress": "{_ip}",
            "selfLink": _COMPUTE,
            "subnetworkId": "{_digits19}",
        },
    ),
    "container/cluster:Cluster": (_LOCATED + "clusters/{name}", CLUSTER),
    "container/nodePool:NodePool": (
        _LOCATED + "clusters/{_base_cluster}/nodePools/{name}",
        {"instanceGroupUrls": [], "managedInstanceGroupUrls": [], "version": GKE_VERSION},
    ),
    "dns/managedZone:ManagedZone": (
        "projects/{project}/managedZones/{name}",
        {
            "creationTime": _MADE,
            "managedZoneId": "{_digits19}",
            "nameServers": [f"ns-cloud-a{n}.googledomains.com." for n in range(1, 5)],
        },
    ),
    "dns/recordSet:RecordSet": ("projects/{project}/managedZones/{managedZone}/rrsets/{name}/{type}", {}),
    "filestore/instance:Instance": (
        _LOCATED + "instances/{name}",
        {"createTime": _MADE, "etag": "{_hex8}", "networks": [{"ipAddresses": ["{_ip}"]}]},
    ),
    "gkebackup/backupPlan:BackupPlan": (
        _LOCATED + "backupPlans/{name}",
        {
            "etag": "{_hex8}",
            "protectedNamespaceCount": 0,
            "protectedPodCount": 0,
            "state": "READY",
            "stateReason": "",
            "uid": "{_uuid}",
        },
    ),
    "gkebackup/restorePlan:RestorePlan": (_LOCATED + "restorePlans/{name}", {"uid": "{_uuid}"}),
    "iam/workloadIdentityPool:WorkloadIdentityPool": (
        "projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}",
        {
            "name": "projects/{_number}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}",
            "state": "ACTIVE",
        },
    ),
    "kms/cryptoKey:CryptoKey": ("{keyRing}/cryptoKeys/{name}", {"primaries": []}),
    "kms/keyRing:KeyRing": (_LOCATED + "keyRings/{name}", {}),
    "logging/metric:Metric": ("{name}", {}),
    "logging/projectBucketConfig:ProjectBucketConfig": (
        _LOCATED + "buckets/{bucketId}",
        {"lifecycleState": "ACTIVE", "name": _LOCATED + "buckets/{bucketId}"},
    ),
    "logging/projectSink:ProjectSink": (
        "projects/{project}/sinks/{name}",
        {"writerIdentity": "serviceAccount:service-{_number}@gcp-sa-logging.iam.gserviceaccount.com"},
    ),
    "monitoring/alertPolicy:AlertPolicy": ("projects/{project}/alertPolicies/{_digits19}", {"name": "{id}"}),
    "monitoring/dashboard:Dashboard": ("projects/{_number}/dashboards/{_uuid}", {}),
    "monitoring/notificationChannel:NotificationChannel": (
        "projects/{project}/notificationChannels/{_digits19}",
        {"name": "{id}", "verificationStatus": ""},
    ),
    "monitoring/uptimeCheckConfig:UptimeCheckConfig": (
        "projects/{project}/uptimeCheckConfigs/{_hex12}",
        {"name": "{id}", "uptimeCheckId": "{_hex12}"},
    ),
    "organizations/project:Project": ("projects/{projectId}", {"number": "{_number}"}),
    "projects/service:Service": ("{project}/{service}", {}),
    "projects/serviceIdentity:ServiceIdentity": (
        "projects/{project}/services/{service}",
        {"email": _AGENT, "member": "serviceAccount:" + _AGENT},
    ),
    "secretmanager/secret:Secret": (
        "projects/{project}/secrets/{secretId}",
        {"createTime": _MADE, "effectiveAnnotations": {}, "name": "projects/{_number}/secrets/{secretId}"},
    ),
    "secretmanager/secretVersion:SecretVersion": (
        "{secret}/versions/1",
        {"createTime": _MADE, "name": "{secret}/versions/1", "version": "1"},
    ),
    "serviceaccount/account:Account": (
        "projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
        {
            "email": "{accountId}@{project}.iam.gserviceaccount.com",
            "member": "serviceAccount:{accountId}@{project}.iam.gserviceaccount.com",
            "name": "{id}",
            "uniqueId": "{_digits21}",
        },
    ),
    "servicenetworking/connection:Connection": (
        "{network}:{service}",
        {"peering": "servicenetworking-googleapis-com"},
    ),
    "sql/database:Database": (
        "projects/{project}/instances/{instance}/databases/{name}",
        {
            "charset": "UTF8",
            "collation": "en_US.UTF8",
            "selfLink": "https://sqladmin.googleapis.com/sql/v1beta4/{id}",
        },
    ),
    "sql/databaseInstance:DatabaseInstance": (
        "{name}",
        {
            "availableMaintenanceVersions": [],
            "connectionName": "{project}:{region}:{name}",
            "dnsName": "{_hex12}.{_hex8}.{region}.sql.goog.",
            "firstIpAddress": "{_ip}",
            "instanceType": "CLOUD_SQL_INSTANCE",
            "ipAddresses": [{"ipAddress": "{_ip}", "type": "PRIVATE", "timeToRetire": ""}],
            "privateIpAddress": "{_ip}",
            "publicIpAddress": "",
            "selfLink": "https://sqladmin.googleapis.com/sql/v1beta4/projects/{project}/instances/{name}",
            "serverCaCerts": [
                {
                    "cert": CERTIFICATE,
                    "commonName": "C=US,O=Google\\, Inc,CN=Google Cloud SQL Server CA",
                    "createTime": _MADE,
                    "expirationTime": _ENDS,
                    "sha1Fingerprint": "726c031103919032ba993d8a7e41df3ec884882e",
                }
            ],
            "serviceAccountEmailAddress": "p{_number}-{_hex6}@gcp-sa-cloud-sql.iam.gserviceaccount.com",
            "settings": {"version": 1},
        },
    ),
    "sql/user:User": ("{name}//{instance}", {}),
    "storage/bucket:Bucket": (
        "{name}",
        {
            "selfLink": "https://www.googleapis.com/storage/v1/b/{name}",
            "timeCreated": _MADE,
            "updated": _MADE,
            "url": "gs://{name}",
        },
    ),
}
"""Each type's id and outputs."""

GRANT: tuple[str, Properties] = ("{_parent}/{role}/{member}", {"etag": "BwX{_hex8}="})
"""The same for every role that is granted on something."""

OTHER: tuple[str, Properties] = (_LOCATED + "{_kind}/{name}", {})
"""The same for a type that isn't listed."""


def _listed(outputs: Properties) -> Properties:
    """A resource's outputs as a function returns them: every object is a list of one."""
    return {
        f"{key}s" if isinstance(value, dict) else key: [_listed(value)] if isinstance(value, dict) else value
        for key, value in outputs.items()
    }


FUNCTIONS: dict[str, Properties] = {
    "compute/getZones:getZones": {"names": ["{region}-a", "{region}-b", "{region}-c"]},
    "container/getCluster:getCluster": {
        **_listed(CLUSTER),
        "id": _LOCATED + "clusters/{name}",
        "network": _GLOBAL + "networks/default",
        "subnetwork": _REGIONAL + "subnetworks/default",
    },
    "container/getEngineVersions:getEngineVersions": {
        "latestMasterVersion": GKE_VERSION,
        "latestNodeVersion": GKE_VERSION,
        "releaseChannelDefaultVersion": {"RAPID": GKE_VERSION, "REGULAR": GKE_VERSION, "STABLE": GKE_VERSION},
    },
    "dns/getManagedZone:getManagedZone": {
        "dnsName": "example.com.",
        "nameServers": [f"ns-cloud-a{n}.googledomains.com." for n in range(1, 5)],
        "managedZoneId": "{_digits19}",
    },
    "organizations/getClientConfig:getClientConfig": {"accessToken": ""},
    "organizations/getProject:getProject": {
        "name": "{projectId}",
        "number": "{_number}",
        "projectId": "{project}",
    },
    "storage/getProjectServiceAccount:getProjectServiceAccount": {
        "emailAddress": _AGENT,
        "member": "serviceAccount:" + _AGENT,
    },
}
"""What functions return, beside their arguments."""
