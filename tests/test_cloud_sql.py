"""What Cloud SQL promises beyond the rules: logins, certificates, connections, its Service."""

import pytest

from components.config.google import CloudSql, DatabaseLogin
from components.config.rules.sizes import PER_REPLICA
from components.postgres.cloud_sql import PROXY_PORT
from components.postgres.cloud_sql_instance import flags
from policies.podspec import Container, podspec
from policies.values import at, items, mapping, text

from .program import Evaluation, evaluate, stack_config
from .stacks import graph_of

BY_PASSWORD, BY_IAM = "prod", "iam-login"


def flag(graph: Evaluation, name: str) -> object:
    (instance,) = graph.of("gcp:sql/databaseInstance:DatabaseInstance")
    return {
        at(one, "name"): at(one, "value") for one in items(at(instance.inputs, "settings.databaseFlags"))
    }.get(name)


def container(graph: Evaluation, workload: str, name: str) -> Container:
    """A container of a workload, by their names."""
    (found,) = [
        one
        for pods in graph.pods
        if pods.owner.name == workload
        for one in pods.containers()
        if one.at("name") == name
    ]
    return found


def variables(one: Container) -> dict[str, object]:
    return {str(at(each, "name")): at(each, "value") for each in items(one.at("env"))}


def reach(graph: Evaluation, source: str) -> set[tuple[str, int]]:
    """Addresses and ports that the pods of that name may reach."""
    return {
        (cidr, int(str(at(port, "port"))))
        for one in graph.of("NetworkPolicy")
        if mapping(at(one.inputs, "spec.podSelector.matchLabels")).get("app.kubernetes.io/name") == source
        for rule in items(at(one.inputs, "spec.egress"))
        for peer in items(at(rule, "to"))
        if (cidr := text(at(peer, "ipBlock.cidr"))) and cidr != "0.0.0.0/0"
        for port in items(at(rule, "ports"))
    }


# Connections -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("connections", "most"), [(0, 200), (180, 200), (181, 201), (1000, 1020)])
def test_the_server_takes_what_the_replicas_hold_and_administration_besides(
    connections: int, most: int
) -> None:
    """The replica that finds none left answers nobody."""
    assert flags(CloudSql(kind="cloud-sql"), connections)["max_connections"] == str(most)


def test_the_replicas_of_the_stack_are_counted() -> None:
    app = {**mapping(stack_config("prod")["kotaemon:app"]), "replicas": 12}
    graph = evaluate({"kotaemon:app": app}, stack="prod")
    assert int(str(flag(graph, "max_connections"))) > 12 * PER_REPLICA > 200


@pytest.mark.parametrize(("login", "value"), [(DatabaseLogin.PASSWORD, None), (DatabaseLogin.IAM, "on")])
def test_logins_by_iam_are_on_where_they_are_used(login: DatabaseLogin, value: str | None) -> None:
    assert flags(CloudSql(kind="cloud-sql", login=login), 1).get("cloudsql.iam_authentication") == value


# By IAM ----------------------------------------------------------------------------------------------


def test_by_iam_kotaemon_has_no_password() -> None:
    """What isn't there can't leak, and need not be rotated; the administrator's is for the Job alone."""
    graph = graph_of(BY_IAM)
    secrets = {one.name for one in graph.of("Secret")}
    assert "postgres-kotaemon" not in secrets
    assert "postgres-administrator" in secrets
    readers = [
        one for pods in graph.pods for one in pods.containers() if "postgres-administrator" in str(one.body)
    ]
    told = {one.at("name") for one in readers}
    assert told == {"postgres-setup"}


def test_by_iam_a_proxy_beside_kotaemon_signs_it_in() -> None:
    """A sidecar that goes on, so that it is there before Kotaemon and after it."""
    proxy = container(graph_of(BY_IAM), "kotaemon", "cloud-sql-proxy")
    assert proxy.at("restartPolicy") == "Always"
    assert {"--private-ip", "--auto-iam-authn", "--address=127.0.0.1", "--port=5432"} <= set(
        items(proxy.at("args"))
    )
    assert str(items(proxy.at("args"))[-1]).startswith("example-project:europe-west4:kotaemon-prod-postgres")
    kotaemon = variables(container(graph_of(BY_IAM), "kotaemon", "kotaemon"))
    assert "127.0.0.1" in str(kotaemon.values()), "Kotaemon goes by the proxy"


def test_by_iam_kotaemons_pods_are_one_google_account_and_no_other() -> None:
    """The account's role, the binding to the pods' own name, and the role of the database: all three, or no login."""
    graph = graph_of(BY_IAM)
    deployment = graph.one("Deployment", "kotaemon")
    (account,) = graph.of("ServiceAccount")
    assert podspec(deployment).at("serviceAccountName") == account.object_name == "kotaemon"
    annotation = mapping(at(account.inputs, "metadata.annotations"))["iam.gke.io/gcp-service-account"]
    google = graph.one("Account", "kotaemon-prod-kotaemon")
    assert annotation == f"{google.inputs['accountId']}@example-project.iam.gserviceaccount.com"
    (binding,) = graph.of("gcp:serviceaccount/iAMMember:IAMMember")
    assert binding.inputs["member"] == "serviceAccount:example-project.svc.id.goog[kotaemon/kotaemon]"
    assert binding.inputs["role"] == "roles/iam.workloadIdentityUser"
    assert google.urn in binding.dependencies
    (cluster,) = graph.of("gcp:container/cluster:Cluster")
    assert cluster.urn in binding.dependencies, "the first cluster makes the pool that the member is in"
    roles = {
        one.inputs["role"]
        for one in graph.of("gcp:projects/iAMMember:IAMMember")
        if google.urn in one.dependencies
    }
    assert roles == {"roles/cloudsql.client", "roles/cloudsql.instanceUser"}
    user = graph.one("User", "kotaemon-prod-kotaemon")
    assert user.inputs["name"] == str(annotation).removesuffix(".gserviceaccount.com")
    assert user.inputs["type"] == "CLOUD_IAM_SERVICE_ACCOUNT"


def test_by_iam_the_role_is_made_an_owner_before_kotaemon_uses_it() -> None:
    setup = variables(container(graph_of(BY_IAM), "postgres-setup", "postgres-setup"))
    assert setup["DATABASES"] == "kotaemon"
    assert setup["OWNER_KOTAEMON"] == graph_of(BY_IAM).one("User", "kotaemon-prod-kotaemon").inputs["name"]


def test_by_iam_the_proxy_reaches_the_instance_and_the_metadata_server() -> None:
    """The instance takes the proxy on a port of its own; its token is from the metadata server, or the daemon."""
    assert reach(graph_of(BY_IAM), "kotaemon") == {
        ("10.40.0.0/20", PROXY_PORT), ("10.40.0.0/20", 5432), ("169.254.169.254/32", 80), ("169.254.169.254/32", 988),
        ("169.254.169.252/32", 988),
    }  # fmt: skip


def test_by_password_nobody_reaches_the_metadata_server() -> None:
    graph = graph_of(BY_PASSWORD)
    assert reach(graph, "kotaemon") == {("10.40.0.0/20", 5432)}
    assert reach(graph, "postgres-setup") == {("10.40.0.0/20", 5432)}
    assert not graph.of("ServiceAccount")


# By password -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", ["postgres-setup", "kotaemon"])
def test_both_that_connect_check_whom_they_talk_to(workload: str) -> None:
    """`require` alone encrypts to whoever answers. The certificate is in a volume of each."""
    graph = graph_of(BY_PASSWORD)
    one = container(graph, workload, workload)
    given = variables(one)
    assert any("verify-ca" in str(value) for value in given.values())
    (pods,) = [each for each in graph.pods if each.owner.name == workload]
    authority = graph.one("ConfigMap", "postgres-ca")
    (volume,) = [
        body for _, body in pods.volumes() if at(body, "configMap.name") == f"{authority.name}-0123abcd"
    ]
    (mounted,) = [each for each in items(one.at("volumeMounts")) if at(each, "name") == at(volume, "name")]
    path = f"{at(mounted, 'mountPath')}/ca.crt"
    assert any(path in str(value) for value in given.values()), (
        "the file that is mounted is the one that is read"
    )
    assert str(mapping(authority.inputs["data"])["ca.crt"]).startswith("-----BEGIN CERTIFICATE-----")


def test_only_encrypted_connections_are_taken_by_an_authority_of_the_instances_own() -> None:
    """verify-ca says who somebody is only as long as nobody else has a certificate of that authority."""
    (instance,) = graph_of(BY_PASSWORD).of("gcp:sql/databaseInstance:DatabaseInstance")
    ways = at(instance.inputs, "settings.ipConfiguration")
    assert at(ways, "sslMode") == "ENCRYPTED_ONLY"
    assert at(ways, "serverCaMode") == "GOOGLE_MANAGED_INTERNAL_CA"


# Its Service -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", [BY_PASSWORD, BY_IAM])
def test_the_service_leads_to_the_instance(variant: str) -> None:
    """Without a selector nobody fills in its endpoints: one name, port or label that differs is a time-out."""
    graph = graph_of(variant)
    service, endpoints = graph.one("Service", "postgres"), graph.one("EndpointSlice", "postgres")
    assert "selector" not in mapping(service.inputs["spec"])
    assert endpoints.namespace == service.namespace
    assert mapping(endpoints.labels)["kubernetes.io/service-name"] == service.object_name
    (port,), (target,) = items(at(service.inputs, "spec.ports")), items(endpoints.inputs["ports"])
    assert (at(port, "name"), at(port, "targetPort")) == (at(target, "name"), at(target, "port"))
    assert at(port, "port") == 5432
    (endpoint,) = items(endpoints.inputs["endpoints"])
    assert at(endpoint, "conditions.ready") is True
    (instance,) = graph.of("gcp:sql/databaseInstance:DatabaseInstance")
    assert instance.urn in endpoints.dependencies
    setup = variables(container(graph, "postgres-setup", "postgres-setup"))
    assert setup["PGHOST"] == service.object_name


def test_an_instance_waits_for_the_networks_peering() -> None:
    """Google refuses a private address in a network without one."""
    graph = graph_of(BY_PASSWORD)
    (instance,) = graph.of("gcp:sql/databaseInstance:DatabaseInstance")
    (peering,) = graph.of("gcp:servicenetworking/connection:Connection")
    assert peering.urn in instance.dependencies
