"""What the cluster and what is below it promise beyond the rules: kubeconfig, upgrades, nodes, network, keys, names."""

import base64
import ipaddress
import json
import re
from dataclasses import replace

import pytest
import yaml

from components.config.google import (
    ClusterNetwork,
    Day,
    Exclusion,
    ExclusionScope,
    GkeCluster,
    GpuPool,
    Maintenance,
    NodePool,
    NodePools,
    SpotPool,
)
from components.config.regions import ZONES
from components.gke.cluster import GkeArgs, cluster_args, maintenance_policy, zones_of
from components.gke.kubeconfig import kubeconfig
from components.gke.network import NetworkArgs, deny_ingress_args, nat_args, subnet_args
from components.gke.node_pools import pools
from components.gke.prefix import prefix_of
from policies.graph import Resource
from policies.values import UNKNOWN, at, items

from .program import Evaluation, evaluate, plain
from .stacks import VARIANTS, graph_of

ODD_STACKS = (
    "dev", "prod", "Feature_X.long-branch-name-of-somebody", "Feature_X.long-branch-name-of-nobody", "feature_x",
    "feature-x", "Feature-X", "_hidden_", "a" * 100, "1234567890123456", "pr-1234567890-", "x.",
)  # fmt: skip
"""Names that Pulumi takes: letters, digits, `.`, `_` and `-`."""
NETWORK = NetworkArgs(settings=ClusterNetwork(), project="p", region="europe-west4", protect=True)
STANDARD_ONLY = (
    "remove_default_node_pool", "initial_node_count", "node_config", "node_pool_defaults", "node_pools",
    "datapath_provider", "enable_fqdn_network_policy", "enable_intranode_visibility", "dns_config",
    "workload_identity_config", "enable_shielded_nodes", "pod_autoscaling", "network_policy",
    "default_max_pods_per_node",
)  # fmt: skip
"""What Google's provider or API refuses beside enable_autopilot."""


def gke(settings: GkeCluster) -> GkeArgs:
    return GkeArgs(
        settings=settings, cluster_name="c", project="p", region="europe-west4", network="n", subnet="s",
        secrets_key="k", sync_secrets=False, protect=True,
    )  # fmt: skip


def made_pools(**given: NodePool) -> dict[str, object]:
    settings = GkeCluster(kind="gke", node_pools=NodePools(**given))  # type: ignore[arg-type]  # each of its own class
    zones = zones_of(settings, "europe-west4")
    found = pools(settings, "cluster", "p", "europe-west4", zones, "nodes@p")
    return {name: plain(one) for name, one in found.items()}


def kubeconfig_of(graph: Evaluation) -> object:
    """The one that the stack's own objects go by."""
    (cluster,) = graph.of("pulumi:providers:kubernetes")
    return yaml.safe_load(str(cluster.inputs["kubeconfig"]))


def urns(graph: Evaluation, kind: str) -> set[str]:
    return {one.urn for one in graph.resources if one.kind == kind}


# The kubeconfig --------------------------------------------------------------------------------------


def test_a_kubeconfig_holds_no_secret() -> None:
    """It is an output, and lies in the state: whoever reads it must still be somebody to Google."""
    (user,) = json.loads(kubeconfig("c", "10.0.0.2", "Y2E="))["users"]
    assert set(user["user"]) == {"exec"}
    assert user["user"]["exec"]["command"] == "gke-gcloud-auth-plugin"
    assert user["user"]["exec"]["interactiveMode"] == "Never", "nobody answers where a pipeline runs"


@pytest.mark.parametrize("variant", ["dev", "prod", "autopilot", "iam-login"])
def test_by_its_dns_name_a_cluster_needs_no_authority(variant: str) -> None:
    """That endpoint has a public certificate; with the cluster's own authority every call would fail."""
    config = kubeconfig_of(graph_of(variant))
    (entry,) = items(at(config, "clusters"))
    assert re.fullmatch(
        r"https://gke-[0-9a-f]+-[0-9]+\.europe-west4\.gke\.goog", str(at(entry, "cluster.server"))
    )
    assert at(entry, "cluster.certificate-authority-data") is None


def test_by_its_address_a_cluster_is_known_by_its_authority() -> None:
    """Nobody else vouches for an address."""
    config = kubeconfig_of(graph_of("every-node-pool"))
    (entry,) = items(at(config, "clusters"))
    address = str(at(entry, "cluster.server")).removeprefix("https://")
    assert ipaddress.ip_address(address).is_private
    authority = base64.b64decode(str(at(entry, "cluster.certificate-authority-data")))
    assert authority.startswith(b"-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize("variant", ["gke-existing", "gke-existing-reserving"])
def test_an_existing_cluster_is_reached_in_one_of_these_ways(variant: str) -> None:
    (entry,) = items(at(kubeconfig_of(graph_of(variant)), "clusters"))
    by_name = str(at(entry, "cluster.server")).endswith(".gke.goog")
    assert by_name is (at(entry, "cluster.certificate-authority-data") is None)


def test_no_object_is_made_before_there_are_nodes() -> None:
    """A Job whose pod finds no node for ten minutes fails the update."""
    graph = graph_of("prod")
    (cluster,) = graph.of("pulumi:providers:kubernetes")
    assert urns(graph, "NodePool") <= set(cluster.dependencies)


# Upgrades --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "hours", "window"),
    [
        ("02:00", 8, ("2026-01-03T02:00:00Z", "2026-01-03T10:00:00Z")),
        ("22:30", 4, ("2026-01-03T22:30:00Z", "2026-01-04T02:30:00Z")),
        ("00:00", 24, ("2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z")),
    ],
)
def test_a_window_lasts_as_long_as_it_says_also_past_midnight(
    start: str, hours: int, window: tuple[str, str]
) -> None:
    found = plain(maintenance_policy(Maintenance(start=start, hours=hours)))["recurring_window"]
    assert (found["start_time"], found["end_time"]) == window


def test_a_window_names_its_weekdays_as_calendars_do() -> None:
    """Source: RFC 5545, recur-rule-part BYDAY."""
    found = plain(maintenance_policy(Maintenance(days=tuple(Day))))["recurring_window"]
    assert found["recurrence"] == "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"


def test_a_freeze_ends_on_the_morning_of_its_last_day() -> None:
    """`end` is the day on which upgrades may happen again."""
    freeze = Exclusion(
        name="fair", start="2026-12-20", end="2027-01-06", scope=ExclusionScope.NO_MINOR_UPGRADES
    )
    (found,) = plain(maintenance_policy(Maintenance(exclusions=(freeze,))))["maintenance_exclusions"]
    assert (found["start_time"], found["end_time"]) == ("2026-12-20T00:00:00Z", "2027-01-06T00:00:00Z")
    assert found["exclusion_options"] == {"scope": "NO_MINOR_UPGRADES"}


@pytest.mark.parametrize("scope", ExclusionScope)
def test_each_freeze_has_googles_word_for_what_it_holds_back(scope: ExclusionScope) -> None:
    freeze = Exclusion(name="fair", start="2026-12-20", end="2027-01-06", scope=scope)
    (found,) = plain(maintenance_policy(Maintenance(exclusions=(freeze,))))["maintenance_exclusions"]
    assert found["exclusion_options"]["scope"] == scope.value.replace("-", "_").upper()


# Nodes -----------------------------------------------------------------------------------------------


def test_only_the_extra_spot_pool_repels_what_does_not_tolerate_it() -> None:
    """On the main pool, which may be spot in a trial, the taint would leave every pod without a node."""
    found = made_pools(main=NodePool(spot=True), spot=SpotPool(), gpu=GpuPool(spot=True))
    tainted = {name: at(one, "node_config.taints") for name, one in found.items()}
    assert tainted["main"] is None
    assert tainted["gpu"] is None, "GKE taints nodes with GPUs by itself"
    assert tainted["spot"] == [{"key": "cloud.google.com/gke-spot", "value": "true", "effect": "NO_SCHEDULE"}]
    assert [at(one, "node_config.spot") for one in found.values()] == [True, True, True]


def test_nodes_with_gpus_get_their_driver() -> None:
    """Without one no pod that asks for nvidia.com/gpu is ever placed."""
    found = made_pools(gpu=GpuPool(accelerator="nvidia-l4", accelerators=2))
    assert at(found["main"], "node_config.guest_accelerators") is None
    (gpu,) = items(at(found["gpu"], "node_config.guest_accelerators"))
    assert (at(gpu, "type"), at(gpu, "count")) == ("nvidia-l4", 2)
    assert at(gpu, "gpu_driver_installation_config.gpu_driver_version") == "LATEST"


@pytest.mark.parametrize(
    ("least", "most", "initial"), [(0, 6, 0), (1, 6, 1), (3, 3, 1), (6, 9, 1), (1, 2, 0), (1, 1, 0)]
)
def test_a_pool_never_starts_with_more_nodes_than_it_may_have(least: int, most: int, initial: int) -> None:
    """The number is for each zone: one each of three is three."""
    main = made_pools(main=NodePool(min_nodes=least, max_nodes=most))["main"]
    assert at(main, "initial_node_count") == initial
    assert len(items(at(main, "node_locations"))) * initial <= most
    assert at(main, "autoscaling.total_min_node_count") == least
    assert at(main, "autoscaling.total_max_node_count") == most


@pytest.mark.parametrize("region", ZONES)
def test_nodes_are_in_the_regions_own_first_three_zones(region: str) -> None:
    """Not every region has an a, and the others a c."""
    found = zones_of(GkeCluster(kind="gke"), region)
    assert len(set(found)) == 3
    assert set(found) <= set(ZONES[region])


def test_zones_that_are_named_are_taken_for_cluster_and_pools() -> None:
    settings = GkeCluster(kind="gke", zones=("europe-west4-b",))
    assert plain(cluster_args(gke(settings), "nodes@p"))["node_locations"] == ["europe-west4-b"]


def test_autopilot_is_told_nothing_that_it_decides_itself() -> None:
    """The provider refuses such a cluster before it asks Google, and Google refuses the rest."""
    standard, autopilot = (
        plain(cluster_args(gke(GkeCluster(kind="gke", autopilot=one)), "nodes@p")) for one in (False, True)
    )
    assert [key for key in STANDARD_ONLY if key in autopilot] == []
    assert autopilot["enable_autopilot"] is True
    assert "enable_autopilot" not in standard
    assert set(autopilot["cluster_autoscaling"]) == {"auto_provisioning_defaults"}
    assert "dns_cache_config" not in autopilot["addons_config"]
    assert autopilot["cluster_autoscaling"]["auto_provisioning_defaults"]["service_account"] == "nodes@p"


def test_nodes_keep_pods_to_their_cpu_limits() -> None:
    """Beside any other kubelet setting, providers have sent false for it, which lifts every limit."""
    assert at(made_pools()["main"], "node_config.kubelet_config.cpu_cfs_quota") is True


def test_the_main_nodes_come_before_all_others() -> None:
    """GKE taints nodes with GPUs only in a cluster that has nodes without: else everything may land on them."""
    graph = graph_of("every-node-pool")
    main = graph.one("NodePool", "kotaemon-prod-main").urn
    others = [one for one in graph.resources if one.kind == "NodePool" and one.urn != main]
    assert len(others) == 2
    assert all(main in one.dependencies for one in others)


def test_autopilot_has_no_pools() -> None:
    assert not urns(graph_of("autopilot"), "NodePool")


def test_a_cluster_without_named_networks_has_no_address() -> None:
    """The DNS endpoint is the only way in then, and IAM checks each call on it."""
    found = plain(cluster_args(gke(GkeCluster(kind="gke")), "nodes@p"))
    assert found["control_plane_endpoints_config"]["ip_endpoints_config"] == {"enabled": False}
    assert "master_authorized_networks_config" not in found


# The network -----------------------------------------------------------------------------------------


def test_pods_and_services_get_the_ranges_that_the_cluster_asks_for() -> None:
    """GKE finds them by their names; a name that is wrong is a cluster that can't be made."""
    subnet = plain(subnet_args(NETWORK, "net"))
    ranges = {one["range_name"]: one["ip_cidr_range"] for one in subnet["secondary_ip_ranges"]}
    asked = plain(cluster_args(gke(GkeCluster(kind="gke")), "nodes@p"))["ip_allocation_policy"]
    assert ranges[asked["cluster_secondary_range_name"]] == NETWORK.settings.pods
    assert ranges[asked["services_secondary_range_name"]] == NETWORK.settings.services
    assert subnet["ip_cidr_range"] == NETWORK.settings.nodes


def test_the_ranges_of_the_defaults_do_not_overlap() -> None:
    given = ClusterNetwork()
    ranges = [
        ipaddress.ip_network(one) for one in (given.nodes, given.pods, given.services, given.google_services)
    ]
    assert not [
        (one, other) for one in ranges for other in ranges if one is not other and one.overlaps(other)
    ]


def test_pods_go_out_by_the_fixed_addresses_too() -> None:
    """A model provider's list of whom to let in holds these; nodes alone wouldn't be enough."""
    nat = plain(nat_args(NETWORK, "router", "subnet", ["one", "two"]))  # type: ignore[list-item]  # plain texts do
    assert nat["nat_ip_allocate_option"] == "MANUAL_ONLY"
    assert nat["nat_ips"] == ["one", "two"]
    assert nat["subnetworks"] == [{"name": "subnet", "source_ip_ranges_to_nats": ["ALL_IP_RANGES"]}]
    # Google refuses dynamic ports beside endpoint-independent mapping, and numbers that are no powers of two.
    assert nat["enable_endpoint_independent_mapping"] is False
    assert all(nat[key].bit_count() == 1 for key in ("min_ports_per_vm", "max_ports_per_vm"))


def test_what_gke_opens_comes_before_what_is_denied() -> None:
    """Its own rules, and those of load balancers, have 1000; a higher number is asked later."""
    denied = plain(deny_ingress_args(NETWORK, "net"))
    assert denied["priority"] > 1000
    assert denied["denies"] == [{"protocol": "all"}]


# Keys ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "grants"),
    [
        ("Cluster", {"kotaemon-prod-keys-cluster-gke"}),
        ("Bucket", {"kotaemon-prod-keys-backup-storage", "kotaemon-prod-keys-backup-gkebackup"}),
        ("BackupPlan", {"kotaemon-prod-keys-backup-storage", "kotaemon-prod-keys-backup-gkebackup"}),
    ],
)
def test_nothing_is_encrypted_with_a_key_before_its_user_may_use_it(kind: str, grants: set[str]) -> None:
    """Google refuses to make a cluster or a bucket whose key its own account can't use."""
    graph = graph_of("prod")
    (made,) = [one for one in graph.resources if one.kind == kind and one.package == "gcp"]
    assert {graph.one("CryptoKeyIAMMember", name).urn for name in grants} <= set(made.dependencies)


def test_googles_accounts_are_there_before_they_get_a_key() -> None:
    """In a new project "Service account … does not exist" otherwise: enabling the service isn't enough."""
    graph = graph_of("prod")
    for account, grant in (("gke", "cluster-gke"), ("gkebackup", "backup-gkebackup")):
        made = graph.one("ServiceIdentity", f"kotaemon-prod-{account}").urn
        assert made in graph.one("CryptoKeyIAMMember", f"kotaemon-prod-keys-{grant}").dependencies


def test_a_preview_knows_no_key_that_is_not_there_yet() -> None:
    """Else it would be passed on before the grant."""
    (cluster,) = graph_of("prod", preview=True).of("gcp:container/cluster:Cluster")
    assert at(cluster.inputs, "databaseEncryption.keyName") is UNKNOWN


def test_nothing_is_asked_of_a_service_that_is_off() -> None:
    graph = graph_of("prod")
    on = urns(graph, "Service") & {one.urn for one in graph.of("gcp:projects/service:Service")}

    def settled(one: Resource, seen: frozenset[str]) -> bool:
        """Whether it, or something that it waits for, waits for every service."""
        if on <= set(one.dependencies):
            return True
        before = [two for two in graph.resources if two.urn in one.dependencies and two.urn not in seen]
        return any(settled(two, seen | {one.urn}) for two in before)

    late = [one for one in graph.resources if one.package == "gcp" and one.custom and one.urn not in on]
    assert [one.urn for one in late if not settled(one, frozenset())] == []


# Names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", ODD_STACKS)
def test_a_prefix_is_a_name_to_google_whatever_the_stack_is_called(stack: str) -> None:
    prefix = prefix_of(stack)
    assert len(prefix) <= 20
    assert re.fullmatch(r"kotaemon(-[a-z0-9]+)+", prefix)


def test_two_stacks_never_have_one_prefix() -> None:
    """In one project they would be each other's cluster, accounts and keys."""
    assert len({prefix_of(stack) for stack in ODD_STACKS}) == len(ODD_STACKS)


def test_a_plain_name_is_kept() -> None:
    assert [prefix_of(one) for one in ("dev", "prod", "pr-12")] == [
        "kotaemon-dev",
        "kotaemon-prod",
        "kotaemon-pr-12",
    ]


def test_a_long_stack_name_breaks_no_limit_of_googles() -> None:
    """Only Google says so, ten minutes into an update."""
    variant = VARIANTS["iam-login"]
    graph = evaluate(
        {**variant.config, "kotaemon:google": {"project": "p" * 30, "region": "europe-west4"}},
        stack=variant.stack, name="Feature_X.long-branch-name-of-somebody",
    )  # fmt: skip
    accounts = [str(one.inputs["accountId"]) for one in graph.of("gcp:serviceaccount/account:Account")]
    assert len(set(accounts)) == len(accounts) == 2
    for account in accounts:
        assert re.fullmatch(r"[a-z][-a-z0-9]{4,28}[a-z0-9]", account)
    (cluster,) = graph.of("gcp:container/cluster:Cluster")
    assert len(str(cluster.inputs["name"])) <= 40
    roles = [str(one.inputs["name"]) for one in graph.of("gcp:sql/user:User")]
    assert max(map(len, roles)) <= 63, "PostgreSQL cuts what is longer"
    # Pulumi adds a dash and seven letters where a resource has a name of its own.
    unnamed = ("IAMMember", "IamMember", "Service", "ServiceIdentity", "Connection")
    names = {
        one.kind: one.name
        for one in graph.resources
        if one.package == "gcp" and "name" not in one.inputs and not one.kind.endswith(unnamed)
    }
    assert max(map(len, names.values())) + 8 <= 63
    assert len(names["NodePool"]) + 8 <= 40


def test_a_cluster_of_ones_own_name_changes_no_other_name() -> None:
    variant = replace(VARIANTS["dev"], config={"kotaemon:cluster": {"kind": "gke", "name": "own"}})
    graph = evaluate(variant.config, stack=variant.stack)
    assert graph.one("Cluster", "kotaemon-dev").inputs["name"] == "own"
