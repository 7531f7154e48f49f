"""What Google fills in inside of objects that the program gives, such as a cluster's certificate in masterAuth.

The SDK's types don't tell these from inputs. Source: the schemas named in `replaces` (Computed).
"""

from sandbox.providers.wire import Properties, Value

_PATHS = {
    "gcp:artifactregistry/repository:Repository": ("vulnerabilityScanningConfig.enablementState",),
    "gcp:certificatemanager/certificate:Certificate": (
        "managed.state",
        "managed.provisioningIssues",
        "managed.authorizationAttemptInfos",
    ),
    "gcp:container/cluster:Cluster": (
        "controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint",
        "fleet.membership",
        "fleet.membershipId",
        "fleet.membershipLocation",
        "ipAllocationPolicy.clusterIpv4CidrBlock",
        "ipAllocationPolicy.servicesIpv4CidrBlock",
        "masterAuth.clientCertificate",
        "masterAuth.clientKey",
        "masterAuth.clusterCaCertificate",
        "privateClusterConfig.peeringName",
        "privateClusterConfig.privateEndpoint",
        "privateClusterConfig.publicEndpoint",
        "workloadIdentityConfig.workloadPool",
    ),
    "gcp:filestore/instance:Instance": ("networks.ipAddresses", "networks.reservedIpRange"),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": ("cmekSettings.serviceAccountId",),
    "gcp:monitoring/alertPolicy:AlertPolicy": ("conditions.name",),
    "gcp:sql/databaseInstance:DatabaseInstance": (
        "settings.diskSize",
        "settings.effectiveAvailabilityType",
        "settings.version",
    ),
}


def fill(token: str, state: Properties, old: Properties, missing: Value) -> Properties:
    """The state with what Google fills in: as it was in the old state, else `missing`; None adds nothing."""
    for path in _PATHS.get(token, ()):
        names = path.split(".")
        if names[0] in state:
            state = {**state, names[0]: _filled(state[names[0]], names[1:], old.get(names[0]), missing)}
    return state


def _filled(value: Value, names: list[str], old: Value, missing: Value) -> Value:
    if isinstance(value, list):
        olds = old if isinstance(old, list) else []
        return [
            _filled(item, names, olds[index] if index < len(olds) else None, missing)
            for index, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    before = old.get(names[0]) if isinstance(old, dict) else None
    if names[0] in value:
        inner = value[names[0]]
        return {**value, names[0]: _filled(inner, names[1:], before, missing)} if names[1:] else value
    added = missing if before is None else before
    return value if added is None else {**value, names[0]: added}


def merged(under: Value, over: Value) -> Value:
    """Both objects in one, list items by index; where both have a value, the second one's."""
    if isinstance(under, dict) and isinstance(over, dict):
        return {**under, **{key: merged(under.get(key), value) for key, value in over.items()}}
    if isinstance(under, list) and isinstance(over, list):
        return [merged(under[index], item) if index < len(under) else item for index, item in enumerate(over)]
    return under if over is None else over
