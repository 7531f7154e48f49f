"""Which changes replace a resource of Google's: a new one is made, and the old one deleted.

Source of the table: the schemas (ForceNew) and plan rules of hashicorp/terraform-provider-google-beta, which
the official plugin is built from, main at 93c65b2d60 (August 2026, release 8.0.0), for the types that a
platform uses. Of other types, what the SDK's documentation says is taken, and where a thing is: its name,
project, location, region and zone.
"""

import functools
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.providers import protocol
from sandbox.providers.paths import Path
from sandbox.providers.wire import Value

from . import sdk

# One type a paragraph. `?`: Google chooses where nothing is given, so taking it away is no change.
# `#`: only adding or removing the whole object; what is inside it is listed by itself.
_TABLE = """
artifactregistry/repository:Repository format kmsKeyName location? mavenConfig.allowSnapshotOverwrites
    mavenConfig.versionPolicy mode project? remoteRepositoryConfig# remoteRepositoryConfig.aptRepository
    remoteRepositoryConfig.commonRepository remoteRepositoryConfig.description
    remoteRepositoryConfig.dockerRepository remoteRepositoryConfig.mavenRepository
    remoteRepositoryConfig.noCache remoteRepositoryConfig.npmRepository
    remoteRepositoryConfig.pythonRepository remoteRepositoryConfig.yumRepository repositoryId
binaryauthorization/attestor:Attestor attestationAuthorityNote.noteReference name project?
binaryauthorization/policy:Policy project?
certificatemanager/certificate:Certificate location managed name project? scope
certificatemanager/certificateMap:CertificateMap name project?
certificatemanager/certificateMapEntry:CertificateMapEntry hostname map matcher name project?
certificatemanager/dnsAuthorization:DnsAuthorization domain location name project? type?
compute/address:Address address? addressType description ipCollection ipVersion ipv6EndpointType name
    network networkTier? prefixLength? project? purpose? region? subnetwork?
compute/backendService:BackendService dynamicForwarding.ipPortSelection.enabled name params project?
compute/firewall:Firewall direction? name params# project?
compute/globalAddress:GlobalAddress address? addressType description ipVersion name network prefixLength?
    project? purpose
compute/globalForwardingRule:GlobalForwardingRule allowPscGlobalAccess description ipAddress? ipProtocol?
    ipVersion metadataFilters name network? networkTier? noAutomateDnsZone portRange project?
    serviceDirectoryRegistrations? sourceIpRanges subnetwork?
compute/healthCheck:HealthCheck name project?
compute/managedSslCertificate:ManagedSslCertificate description managed name project? type
compute/network:Network autoCreateSubnetworks description internalIpv6Range? name networkProfile params
    project?
compute/networkPeeringRoutesConfig:NetworkPeeringRoutesConfig project?
compute/router:Router encryptedInterconnectRouter name nccGateway network params# project? region?
compute/routerNat:RouterNat endpointTypes? initialNatIps name project? region? router type
compute/sSLPolicy:SSLPolicy description name project?
compute/securityPolicy:SecurityPolicy name project? type?
compute/subnetwork:Subnetwork description externalIpv6Prefix? internalIpv6Prefix? name network params
    project? region? reservedInternalRange resolveSubnetMask
container/cluster:Cluster clusterAutoscaling.autoProvisioningDefaults.bootDiskKmsKey clusterIpv4Cidr?
    confidentialNodes? datapathProvider? dataplaneOptimizationMode defaultMaxPodsPerNode? description
    enableAutopilot enableKubernetesAlpha enableTpu? initialNodeCount ipAllocationPolicy#?
    ipAllocationPolicy.clusterIpv4CidrBlock? ipAllocationPolicy.clusterSecondaryRangeName?
    ipAllocationPolicy.podCidrOverprovisionConfig#? ipAllocationPolicy.servicesIpv4CidrBlock?
    ipAllocationPolicy.servicesSecondaryRangeName? location? masterAuth.clientCertificateConfig name network
    networkingMode? nodeConfig#? nodePools#? privateClusterConfig.masterIpv4CidrBlock?
    privateClusterConfig.privateEndpointSubnetwork project? subnetwork? tpuConfig.enabled
    tpuConfig.useServiceNetworking userManagedKeysConfig.aggregationCa userManagedKeysConfig.clusterCa
    userManagedKeysConfig.etcdApiCa userManagedKeysConfig.etcdPeerCa
container/nodePool:NodePool cluster initialNodeCount? location? maxPodsPerNode? name? namePrefix?
    networkConfig.acceleratorNetworkProfile networkConfig.additionalNodeNetworkConfigs?
    networkConfig.additionalPodNetworkConfigs networkConfig.createPodRange
    networkConfig.podCidrOverprovisionConfig#? networkConfig.podIpv4CidrBlock? networkConfig.podRange?
    networkConfig.subnetwork? nodeConfig#? placementPolicy# placementPolicy.policyName project?
    queuedProvisioning
dns/managedZone:ManagedZone dnsName name project? reverseLookup serviceDirectoryConfig# visibility
dns/recordSet:RecordSet managedZone name project? routingPolicy.healthCheck
filestore/backup:Backup location name project? sourceFileShare tags
filestore/instance:Instance fileShares.name fileShares.sourceBackup fileShares.sourceBackupdrBackup
    initialReplication# kmsKeyName location? networks# networks.connectMode networks.modes networks.network
    networks.pscConfig.endpointProject networks.reservedIpRange? project? protocol tags tier zone?
gkebackup/backupPlan:BackupPlan cluster location name project?
gkebackup/restorePlan:RestorePlan backupPlan cluster location name project?
iam/workloadIdentityPool:WorkloadIdentityPool project? workloadIdentityPoolId
iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider project? workloadIdentityPoolId
    workloadIdentityPoolProviderId
kms/cryptoKey:CryptoKey cryptoKeyBackend? destroyScheduledDuration? importOnly? keyRing name purpose
    versionTemplate.protectionLevel
kms/keyRing:KeyRing location name project?
logging/logView:LogView bucket location? name parent?
logging/metric:Metric metricDescriptor.labels.key metricDescriptor.labels.valueType project?
logging/projectBucketConfig:ProjectBucketConfig bucketId location project
logging/projectExclusion:ProjectExclusion name
logging/projectSink:ProjectSink name
monitoring/alertPolicy:AlertPolicy project?
monitoring/customService:CustomService project? serviceId?
monitoring/dashboard:Dashboard project?
monitoring/genericService:GenericService basicService# basicService.serviceLabels project? serviceId
monitoring/notificationChannel:NotificationChannel project?
monitoring/slo:Slo project? service sloId?
monitoring/uptimeCheckConfig:UptimeCheckConfig checkerType? httpCheck.requestMethod monitoredResource
    project? resourceGroup syntheticMonitor
organizations/project:Project projectId tags
orgpolicy/policy:Policy name parent
projects/iAMCustomRole:IAMCustomRole project? roleId
projects/service:Service project? service
projects/serviceIdentity:ServiceIdentity project? service
pubsub/subscription:Subscription enableMessageOrdering filter name project? tags topic
pubsub/topic:Topic name project? tags
secretmanager/secret:Secret project? replication# replication.auto# replication.userManaged#
    replication.userManaged.replicas# replication.userManaged.replicas.location secretId tags
secretmanager/secretVersion:SecretVersion isSecretDataBase64 project? secret secretData secretDataWoVersion
serviceaccount/account:Account accountId project?
serviceaccount/key:Key keepers keyAlgorithm privateKeyType publicKeyData publicKeyType serviceAccountId
servicenetworking/connection:Connection network service
sql/database:Database instance name project?
sql/databaseInstance:DatabaseInstance encryptionKeyName? name? project? region?
    replicaConfiguration.caCertificate replicaConfiguration.clientCertificate replicaConfiguration.clientKey
    replicaConfiguration.connectRetryInterval replicaConfiguration.dumpFilePath
    replicaConfiguration.failoverTarget replicaConfiguration.masterHeartbeatPeriod
    replicaConfiguration.password replicaConfiguration.sslCipher replicaConfiguration.username
    replicaConfiguration.verifyServerCertificate settings.collation
sql/user:User host? instance name project? type
storage/bucket:Bucket customPlacementConfig.dataLocations enableObjectRetention hierarchicalNamespace
    location name project?
storage/bucketObject:BucketObject bucket cacheControl contentDisposition contentEncoding contentLanguage
    contentType? customerEncryption.encryptionAlgorithm customerEncryption.encryptionKey
    forceEmptyContentType kmsKeyName? metadata name source storageClass?
"""

# The nodeConfig of a NodePool, and of a Cluster's default pool.
_NODE_CONFIG = """
advancedMachineFeatures# advancedMachineFeatures.enableNestedVirtualization
advancedMachineFeatures.threadsPerCore bootDiskKmsKey confidentialNodes.confidentialInstanceType
enableConfidentialStorage ephemeralStorageConfig ephemeralStorageLocalSsdConfig flexStart
guestAccelerators? hostMaintenancePolicy localNvmeSsdBlockConfig localSsdCount? localSsdEncryptionMode
maxRunDuration metadata? minCpuPlatform? nodeGroup oauthScopes? preemptible reservationAffinity
sandboxConfig# secondaryBootDisks serviceAccount? shieldedInstanceConfig? soleTenantConfig#
soleTenantConfig.nodeAffinities spot
"""

_PLACE = ("name", "project", "location", "region", "zone")
# All but this property replaces a grant.
_GRANTS = {"Member": "", "Binding": "members", "Policy": "policyData"}
_GRANT = re.compile("I[Aa][Mm](Member|Binding|Policy)$")

Names = tuple[str, ...]
"""A property path without the indexes of lists."""


def _switched_off(old: Value, new: Value) -> bool:
    return old is True and new is not True


def _taken_away(old: Value, new: Value) -> bool:
    return bool(old) and not new


def _shrinks(old: Value, new: Value) -> bool:
    """Whether the new network lacks addresses of the old one."""
    try:
        before, after = ipaddress.ip_network(str(old)), ipaddress.ip_network(str(new))
    except ValueError:
        return False
    if isinstance(before, ipaddress.IPv4Network) and isinstance(after, ipaddress.IPv4Network):
        return not before.subnet_of(after)
    return True


# What replaces only when it changes in one direction.
_CONDITIONS: Mapping[str, Mapping[Names, Callable[[Value, Value], bool]]] = {
    "gcp:compute/subnetwork:Subnetwork": {("ipCidrRange",): _shrinks},
    "gcp:container/cluster:Cluster": {
        ("enableL4IlbSubsetting",): _switched_off,
        ("enableFqdnNetworkPolicy",): _switched_off,
    },
    "gcp:sql/databaseInstance:DatabaseInstance": {
        ("settings", "ipConfiguration", "privateNetwork"): _taken_away,
        ("settings", "autoUpgradeEnabled"): _switched_off,
    },
    "gcp:storage/bucket:Bucket": {("retentionPolicy", "isLocked"): _switched_off},
}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What replaces a resource of one type."""

    forced: Mapping[Names, str] = field(default_factory=dict)
    """Each path with its marks in the table."""
    conditions: Mapping[Names, Callable[[Value, Value], bool]] = field(default_factory=dict)
    all_but: str | None = None
    """The only property whose change doesn't replace."""

    def keeps(self, path: Path, kind: int) -> bool:
        """Whether it is no change at all: what is taken away stays as Google chose it."""
        return kind == protocol.DELETE and "?" in self.forced.get(_names(path), "")

    def replaces(self, path: Path, kind: int, old: Value, new: Value) -> bool:
        """Whether a change of one property, or of all that is below it, makes a new resource."""
        names = _names(path)
        if self.all_but is not None:
            return names[0] != self.all_but
        if (condition := self.conditions.get(names)) and condition(old, new):
            return True
        if "#" in (marks := self.forced.get(names, "-")):
            return kind in (protocol.ADD, protocol.DELETE)
        if marks != "-":
            return True
        if any("#" not in self.forced.get(names[:end], "#") for end in range(1, len(names))):
            return True
        below = [one[len(names) :] for one in self.forced if one[: len(names)] == names]
        return any(_contains(value, one) for one in below for value in (old, new))


def _names(path: Path) -> Names:
    return tuple(step for step in path if isinstance(step, str))


def _contains(value: Value, names: Names) -> bool:
    if isinstance(value, list):
        return any(_contains(item, names) for item in value)
    if not names:
        return value is not None
    return isinstance(value, dict) and names[0] in value and _contains(value[names[0]], names[1:])


@functools.cache
def rules(token: str) -> Rules:
    """What replaces resources of a type."""
    if grant := _GRANT.search(token):
        return Rules(all_but=_GRANTS[grant[1]])
    conditions = _CONDITIONS.get(token, {})
    found = listed().get(token.removeprefix("gcp:"))
    if found is not None:
        return Rules(forced=found, conditions=conditions)
    known = sdk.resource(token)
    inputs = known.inputs if known else {}
    return Rules(forced={(key,): "" for key, one in inputs.items() if one.forces or key in _PLACE})


@functools.cache
def listed() -> Mapping[str, Mapping[Names, str]]:
    """The table, by type."""
    paragraphs = re.split(r"\n(?! )", _TABLE.strip())
    table = {words[0]: _marked(words[1:]) for words in map(str.split, paragraphs)}
    node = {("nodeConfig", *names): marks for names, marks in _marked(_NODE_CONFIG.split()).items()}
    for token in ("container/cluster:Cluster", "container/nodePool:NodePool"):
        table[token] |= node
    return table


def _marked(words: list[str]) -> dict[Names, str]:
    return {tuple(word.rstrip("?#").split(".")): word[len(word.rstrip("?#")) :] for word in words}
