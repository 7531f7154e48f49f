"""From the engine's JSON to what a comment says, without secrets."""

import json
from collections.abc import Mapping

import pytest

from ops.comment import policies
from ops.comment.collect import collect, component, kind, merged
from ops.comment.evaluation import Evaluation, failed, protected
from ops.comment.redaction import redacted, redacted_line
from ops.comment.report import Changed, Item, Operation, Report, Verdict
from ops.policy import as_object
from policies.check import check
from policies.graph import Graph, Resource
from policies.rules import RULES

from .digests import digest, step
from .events import SECRET

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def report(*steps: dict[str, object], **more: object) -> Report:
    return collect("prod", "main", digest(*steps, **more))  # type: ignore[arg-type]  # passed on as they are


def only(*steps: dict[str, object]) -> Item:
    (item,) = report(*steps).items
    return item


def env(*more: Mapping[str, object], **variables: str) -> dict[str, object]:
    values = [*more, *({"name": name, "value": value} for name, value in variables.items())]
    containers = [{"name": "app", "env": values}]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


@pytest.mark.parametrize(
    ("op", "old", "new", "operation"),
    [
        ("create", None, {}, Operation.CREATE),
        ("update", {"a": 1}, {"a": 2}, Operation.UPDATE),
        ("replace", {"a": 1}, {"a": 2}, Operation.REPLACE),
        ("delete", {}, None, Operation.DELETE),
        ("import", None, {}, Operation.IMPORT),
    ],
)
def test_each_step_that_changes_something_is_an_item(
    op: str, old: dict[str, object] | None, new: dict[str, object] | None, operation: Operation
) -> None:
    assert only(step(op, CONFIG_MAP, "a", old=old, new=new)).operation is operation


def test_a_replacement_in_three_steps_is_one_item() -> None:
    """The engine lists the creation and the deletion as well."""
    steps = [
        step(op, CLAIM, "data", old={"a": 1}, new={"a": 2})
        for op in ("create-replacement", "replace", "delete-replaced")
    ]
    assert only(*steps).operation is Operation.REPLACE


def test_what_stays_and_what_is_bookkeeping_is_no_item() -> None:
    steps = [
        step("same", CONFIG_MAP, "a", old={}, new={}),
        step("create", "pulumi:providers:kubernetes", "cluster", new={}),
        step("read", CONFIG_MAP, "b", new={}),
    ]
    found = report(*steps, same=40)
    assert found.items == ()
    assert found.unchanged == 40
    assert found.quiet


@pytest.mark.parametrize(
    "evaluation",
    [
        failed("the cluster can't be reached"),
        digest(errors=("Pulumi.prod.yaml has 1 problem",)),
        digest(step("update", CONFIG_MAP, "a", old={"a": 1}, new={"a": 2}), errors=("it broke off",)),
        Evaluation(),
        Evaluation(digest={}),
    ],
)
def test_a_failed_preview_is_never_no_changes(evaluation: Evaluation) -> None:
    """A reviewer who reads "no changes" merges."""
    found = collect("prod", "main", evaluation)
    assert found.failed
    assert not found.quiet


@pytest.mark.parametrize(
    ("type_", "stake"),
    [
        (CLAIM, "the files on the volume"),
        ("gcp:sql/databaseInstance:DatabaseInstance", "every database on the server, and its automatic backups"),
        ("gcp:storage/bucket:Bucket", "every object in the bucket"),
        ("gcp:container/cluster:Cluster", "everything that runs on the cluster, its volumes included"),
        (CONFIG_MAP, ""),
    ],
)  # fmt: skip
def test_what_is_lost_with_a_resource_is_told(type_: str, stake: str) -> None:
    assert only(step("delete", type_, "data", old={})).stake == stake
    assert only(step("replace", type_, "data", old={"a": 1}, new={"a": 2})).stake == stake
    assert only(step("update", type_, "data", old={"a": 1}, new={"a": 2})).stake == ""


@pytest.mark.parametrize(
    ("retention", "stake"),
    [
        (None, "the server; its volumes stay behind, unused"),
        ("Retain", "the server; its volumes stay behind, unused"),
        ("Delete", "what it keeps on its volumes"),
    ],
)
def test_a_stateful_sets_volumes_go_with_it_only_where_it_says_so(retention: str | None, stake: str) -> None:
    spec = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": retention}} if retention else {}
    assert only(step("delete", "kubernetes:apps/v1:StatefulSet", "db", old={"spec": spec})).stake == stake


def test_what_is_retained_on_delete_is_only_forgotten() -> None:
    item = only(step("delete", CLAIM, "data", old={}, retained=True))
    assert item.kept
    assert item.stake == ""


def test_an_environment_variable_is_named_not_counted() -> None:
    """By position, every variable after a new one would seem changed."""
    item = only(
        step(
            "update",
            DEPLOYMENT,
            "app",
            old=env(A="1", C="3"),
            new=env(A="1", B="2", C="4"),
            detailed={"spec.template.spec.containers[0].env[1].name": "update"},
        )
    )
    assert item.changed == (
        Changed(path="containers[app].env[B]", new="2"),
        Changed(path="containers[app].env[C]", old="3", new="4"),
    )


def test_an_empty_variable_is_the_same_as_one_without_a_value() -> None:
    """An API server drops the empty value, which would read as drift each night."""
    old, new = {"name": "A"}, {"name": "A", "value": ""}
    item = only(step("update", DEPLOYMENT, "app", old=env(old, B="1"), new=env(new, B="2")))
    assert [one.path for one in item.changed] == ["containers[app].env[B]"]
    found = report(step("update", DEPLOYMENT, "app", old=env(old), new=env(new)), same=4)
    assert (found.items, found.unchanged) == ((), 5)


def test_what_changes_alike_in_several_containers_is_one_line() -> None:
    changes = [
        Changed(path=f"{one}.env[A]", old="1", new="2") for one in ("containers[app]", "initContainers[wait]")
    ]
    assert merged([*changes, Changed(path="replicas", old="1", new="2")]) == (
        Changed(path="env[A] of app, wait", old="1", new="2"),
        Changed(path="replicas", old="1", new="2"),
    )


def test_a_reference_to_a_secret_is_told_as_such() -> None:
    source = {"secretKeyRef": {"name": "openai-1a2b", "key": "apiKey"}}
    new = env({"name": "A", "value": "1"}, {"name": "OPENAI_API_KEY", "valueFrom": source})
    item = only(step("update", DEPLOYMENT, "app", old=env(A="1"), new=new))
    assert item.changed == (
        Changed(path="containers[app].env[OPENAI_API_KEY]", new="apiKey of secret openai-1a2b"),
    )


def test_why_it_is_replaced_is_told() -> None:
    item = only(
        step(
            "replace",
            CLAIM,
            "data",
            old={"spec": {"storageClassName": "a"}, "metadata": {"name": "data-1"}},
            new={"spec": {"storageClassName": "b"}, "metadata": {"name": "data-2"}},
            detailed={"spec.storageClassName": "update-replace"},
        )
    )
    assert item.changed == (Changed(path="spec.storageClassName", old="a", new="b", replaces=True),)


@pytest.mark.parametrize(
    ("urn", "expected"),
    [
        ("urn:pulumi:p::k::kotaemon:index:Platform$kotaemon:index:Qdrant$kubernetes:core/v1:Service::q", "Qdrant"),
        (
            "urn:pulumi:p::k::kotaemon:index:Platform$kotaemon:index:Qdrant$kotaemon:index:GeneratedSecret"
            "$random:index/randomPassword:RandomPassword::q",
            "Qdrant",
        ),
        ("urn:pulumi:p::k::kotaemon:index:Platform$kotaemon:index:NetworkFlows$kubernetes:x:Y::n", "Network flows"),
        ("urn:pulumi:p::k::kotaemon:index:Platform$kotaemon:index:CloudSqlPostgres$gcp:x:Y::n", "Cloud SQL postgres"),
        ("urn:pulumi:p::k::kubernetes:core/v1:Service::q", "Platform"),
        ("urn:pulumi:p::k::kotaemon:index:Platform$kotaemon:index:GoogleCloud$gcp:kms/keyRing:KeyRing::k",
         "Google Cloud"),
    ],
)  # fmt: skip
def test_a_resource_is_told_with_its_component(urn: str, expected: str) -> None:
    assert component(urn) == expected


def test_kinds_of_google_carry_their_service() -> None:
    """`Instance` alone may be a virtual machine, a database or a share."""
    assert kind("urn:pulumi:p::k::gcp:sql/databaseInstance:DatabaseInstance::db") == "sql DatabaseInstance"
    assert kind("urn:pulumi:p::k::kubernetes:apps/v1:StatefulSet::db") == "StatefulSet"
    assert kind("urn:pulumi:p::k::random:index/randomPassword:RandomPassword::db") == "RandomPassword"


LEAKS = "s3cr3t-v4lue"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data", SECRET),
        ("data.adminPassword", LEAKS),
        ('data["api-token"]', LEAKS),
        ("spec.containers[app].env[OPENAI_API_KEY].value", LEAKS),
        ("spec.containers[app].env[OPENAI_API_KEY]", {"name": "OPENAI_API_KEY", "value": LEAKS}),
        ("spec.containers", [{"env": [{"name": "POSTGRES_PASSWORD", "value": LEAKS}]}]),
        ("data.url", f"postgresql://app:{LEAKS}@db/app"),
        ("data.note", f"sk-{LEAKS}"),
        ("settings.nested", {"credentials": LEAKS, "size": 1}),
    ],
)
def test_nothing_that_may_be_a_secret_gets_into_a_comment(path: str, value: object) -> None:
    assert LEAKS not in str(redacted(value, path))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.replicas", 3.0),
        ("spec.automountServiceAccountToken", False),
        ("spec.volumes[files].secret.secretName", "tls-1a2b"),
        ("env[A].valueFrom.secretKeyRef.name", "openai"),
        ("spec.tls.enabled", "yes"),
        ("encryption.kmsKey", "projects/p/locations/l/keyRings/r/cryptoKeys/k"),
        ("encryption.kmsKey", "04da6b54-80e4-46f7-96ec-b56ff0331ba9"),
    ],
)
def test_what_a_reviewer_needs_is_not_hidden(path: str, value: object) -> None:
    assert redacted(value, path) == value


@pytest.mark.parametrize(
    "line",
    [
        f"+PASSWORD={LEAKS}",
        f'-  "apiToken": "{LEAKS}",',
        f"the server at postgresql://app:{LEAKS}@db refused",
        f"+key: sk-{LEAKS}",
    ],
)
def test_a_changed_line_of_a_file_holds_no_secret(line: str) -> None:
    assert LEAKS not in redacted_line(line)


def test_a_changed_file_shows_its_changed_lines_without_secrets() -> None:
    old = "\n".join(f"line {number}" for number in range(40))
    new = old.replace("line 7", f"PASSWORD={LEAKS}")
    (changed,) = only(
        step("update", CONFIG_MAP, "files", old={"data": {"f": old}}, new={"data": {"f": new}})
    ).changed
    assert changed.lines == ("-line 7", "+PASSWORD=(hidden)")


def test_a_file_that_is_a_secret_by_its_name_is_not_shown_at_all() -> None:
    new = {"data": {"privateKey": "one\ntwo\nthree"}}
    (changed,) = only(
        step("update", CONFIG_MAP, "files", old={"data": {"privateKey": "one\ntwo"}}, new=new)
    ).changed
    assert (changed.lines, changed.old, changed.new) == ((), "(hidden)", "(hidden)")


def test_errors_and_warnings_hold_no_secret() -> None:
    said = Evaluation(errors=(f"login as postgresql://app:{LEAKS}@db failed",), warnings=(f"TOKEN={LEAKS}",))
    found = collect("prod", "main", said)
    assert LEAKS not in str(found)
    assert "failed" in found.errors[0]


def test_the_policies_are_read_from_what_make_policy_prints() -> None:
    """Its form is another module's, so it is read from the real thing."""
    broken = Resource(
        urn="urn:pulumi:p::k::gcp:storage/bucket:Bucket::files",
        type="gcp:storage/bucket:Bucket",
        name="files",
        inputs={},
    )
    outcomes = check(Graph((broken,), production=True), RULES)
    read = policies.read(json.dumps([as_object(one) for one in outcomes]))
    assert [one.id for one in read] == [rule.id for rule in RULES]
    (uniform,) = [one for one in read if one.id == "BKT-01"]
    assert uniform.state is Verdict.FAIL
    assert uniform.where[0].startswith("Bucket/files")
    assert uniform.remedy


def test_a_name_that_pulumi_will_choose_again_is_no_change_to_read() -> None:
    """Where the cluster itself is replaced, every generated name on it is unknown."""
    own = {"annotations": {"pulumi.com/autonamed": "true"}, "name": "files-1a2b"}
    item = only(
        step("update", CONFIG_MAP, "files", old={"metadata": own, "a": 1}, new={"metadata": {}, "a": 2})
    )
    assert item.changed == (Changed(path="a", old="1", new="2"),)


def test_an_unknown_name_in_a_path_is_a_question_mark() -> None:
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    old, new = ({"subnets": [{"name": name, "size": size}]} for name, size in (("a", 1), (unknown, 1)))
    changed = only(step("update", "gcp:compute/routerNat:RouterNat", "nat", old=old, new=new)).changed
    assert {one.path for one in changed} == {"subnets[?]", "subnets[a]"}


def test_losing_what_is_protected_is_one_line_for_each() -> None:
    message = (
        'unable to replace resource "urn:pulumi:prod::k::gcp:kms/keyRing:KeyRing::keys"\nas it is currently marked for '
        "protection. To unprotect the resource, remove the `protect` flag"
    )
    assert (
        protected("KeyRing/keys", message)
        == "KeyRing/keys would be replaced, but is protected: data hangs on it."
    )
    along = message.replace(
        '"\nas', '" as part of replacing "urn:pulumi:prod::k::gcp:container/cluster:Cluster::c" as'
    )
    assert (
        protected("Cluster/c", along)
        == "KeyRing/keys would be replaced with Cluster/c, but is protected: data hangs on it."
    )
    assert protected("KeyRing/keys", "quota exceeded") is None
