"""Data: in production nothing that holds it is deleted by a slip."""

from collections.abc import Iterator

from policies.graph import Graph, Resource
from policies.rule import Rule, Subject, Violation, in_production, of_type, unmet, want
from policies.values import at, differs

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
CLUSTER = "gcp:container/cluster:Cluster"
SQL = "gcp:sql/databaseInstance:DatabaseInstance"
BUCKET = "gcp:storage/bucket:Bucket"
FILESTORE = "gcp:filestore/instance:Instance"

PRECIOUS = (
    CLAIM, STATEFUL_SET, CLUSTER, SQL, BUCKET, FILESTORE,
    "kubernetes:core/v1:Namespace", "kubernetes:core/v1:PersistentVolume", "kubernetes:postgresql.cnpg.io/v1:Cluster",
    "gcp:sql/database:Database", "gcp:compute/disk:Disk", "gcp:kms/cryptoKey:CryptoKey", "gcp:kms/keyRing:KeyRing",
    "gcp:gkebackup/backupPlan:BackupPlan",
)  # fmt: skip
"""Types whose deletion loses data."""

_GUARDS = {
    CLUSTER: (want("deletionProtection", True, None),),  # the provider's default is true
    SQL: (want("deletionProtection", True, None), want("settings.deletionProtectionEnabled", True)),
    BUCKET: (want("forceDestroy", False, None),),
    FILESTORE: (want("deletionProtectionEnabled", True),),
}


def _is_protected(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if not resource.protect:
        yield Violation("", "isn't protected")


def _is_guarded(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield from unmet(resource.inputs, *_GUARDS[resource.type])


def _keeps_its_claims(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for event in ("whenDeleted", "whenScaled"):
        path = f"spec.persistentVolumeClaimRetentionPolicy.{event}"
        if differs(at(resource.inputs, path), None, "Retain"):
            yield Violation(path, f"is {at(resource.inputs, path)}: the volumes go with the pods")


def _keeps_its_name(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if not resource.is_named:
        yield Violation("metadata.name", "isn't given: a replacement would get a new, empty volume")


RULES = (
    Rule(
        id="DATA-01", subject=Subject.DATA, title="what holds data is protected",
        applies=in_production(of_type(*PRECIOUS)), check=_is_protected,
        reason="`pulumi destroy`, a rename or a wrong stack would delete it; protected, the engine refuses.",
        remedy="set protect=True where the stack is production; to delete it on purpose: pulumi state unprotect URN",
    ),
    Rule(
        id="DATA-02", subject=Subject.DATA, title="Google refuses to delete what holds data",
        applies=in_production(of_type(*_GUARDS)), check=_is_guarded,
        reason="The engine's protection ends where somebody uses the console or another tool.",
        remedy="leave the resource's own deletion protection on, and forceDestroy off",
    ),
    Rule(
        id="DATA-03", subject=Subject.DATA, title="volumes outlive their pods", applies=of_type(STATEFUL_SET),
        check=_keeps_its_claims,
        reason="A StatefulSet that is deleted and made again must find its data.",
        remedy="leave persistentVolumeClaimRetentionPolicy out, or set it to Retain",
    ),
    Rule(
        id="DATA-04", subject=Subject.DATA, title="volumes keep their names", applies=of_type(CLAIM, STATEFUL_SET),
        check=_keeps_its_name,
        reason="A new name is a new, empty volume.",
        remedy="set metadata.name",
    ),
)  # fmt: skip
