"""What Secret Manager's secrets promise: a new version rolls its readers, and nothing else does."""

import json

import pytest

from components.config import SecretName
from components.config.google import ManagedSecret
from components.secret_manager import generation, provider_class, sync_spec
from policies.values import at, items

from .stacks import graph_of

SECRETS = {
    SecretName.OPENAI: ManagedSecret(secret="models", version=3),
    SecretName.OIDC_CLIENT: ManagedSecret(secret="oidc", version=1),
}
TURNED = dict(reversed(SECRETS.items()))


def test_another_version_secret_or_project_is_another_name() -> None:
    """The pods refer to the Secret by its name: a name that stays rolls nobody."""
    others = [
        {**SECRETS, SecretName.OPENAI: ManagedSecret(secret="models", version=4)},
        {**SECRETS, SecretName.OPENAI: ManagedSecret(secret="other", version=3)},
        {SecretName.OPENAI: SECRETS[SecretName.OPENAI]},
    ]
    names = {generation("p", SECRETS), generation("q", SECRETS), *(generation("p", one) for one in others)}
    assert len(names) == 5
    assert all(len(name) <= 63 for name in names)


def test_the_order_of_the_file_does_not_matter() -> None:
    """A file that is sorted anew is no change."""
    assert generation("p", SECRETS) == generation("p", TURNED)
    assert provider_class("p", SECRETS) == provider_class("p", TURNED)
    assert sync_spec("a", "c", SECRETS) == sync_spec("a", "c", TURNED)


def test_each_key_of_the_secret_comes_from_a_file_that_the_provider_writes() -> None:
    """The two lists are in two objects; a path that only one has leaves the Secret without it."""
    files = json.loads(str(provider_class("p", SECRETS)["parameters"]["secrets"]))
    written = {one["path"]: one["resourceName"] for one in files}
    read = {
        one["sourcePath"]: one["targetKey"] for one in sync_spec("a", "c", SECRETS)["secretObject"]["data"]
    }
    assert written.keys() == read.keys()
    assert written["openaiApiKey"] == "projects/p/secrets/models/versions/3"


def test_the_client_secret_is_under_the_key_that_iap_reads() -> None:
    """GKE takes no other name: `key`."""
    read = {
        one["sourcePath"]: one["targetKey"] for one in sync_spec("a", "c", SECRETS)["secretObject"]["data"]
    }
    assert read["oidcClientSecret"] == "key"


def test_pods_wait_for_the_grants_and_read_what_is_synced() -> None:
    graph = graph_of("secret-manager")
    (sync,) = graph.of("SecretSync")
    grants = graph.of("gcp:secretmanager/secretIamMember:SecretIamMember")
    assert {one.inputs["secretId"] for one in grants} == {"models", "oidc"}
    assert {one.urn for one in grants} <= set(sync.dependencies)
    deployment = graph.one("Deployment", "kotaemon")
    assert sync.urn in deployment.dependencies
    refs = [
        at(variable, "valueFrom.secretKeyRef")
        for pods in graph.pods
        for one in pods.containers()
        for variable in items(one.at("env"))
    ]
    assert {at(one, "key") for one in refs if at(one, "name") == sync.object_name} == {"openaiApiKey", "key"}


def test_only_the_sync_of_this_namespace_may_read_them() -> None:
    """A grant to a whole namespace or pool would be every pod's."""
    graph = graph_of("secret-manager")
    (account,) = graph.of("ServiceAccount")
    (cluster,) = graph.of("gcp:container/cluster:Cluster")
    for one in graph.of("gcp:secretmanager/secretIamMember:SecretIamMember"):
        assert one.inputs["role"] == "roles/secretmanager.secretAccessor"
        assert str(one.inputs["member"]).endswith(
            f"/workloadIdentityPools/example-project.svc.id.goog/subject/ns/kotaemon/sa/{account.object_name}"
        )
        assert cluster.urn in one.dependencies, "the first cluster makes the pool that the member is in"


@pytest.mark.parametrize(("variant", "on"), [("secret-manager", True), ("prod", False)])
def test_the_cluster_syncs_secrets_where_there_are_any(variant: str, on: bool) -> None:
    """It takes GKE 1.34, which a slower release channel may not have."""
    (cluster,) = graph_of(variant).of("gcp:container/cluster:Cluster")
    assert ("secretSyncConfig" in cluster.inputs) is on
