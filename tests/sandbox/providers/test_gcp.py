"""The gcp stand-in: what it refuses, shows as unknown, replaces and makes up."""

import ipaddress
import subprocess
import sys

import pytest

from sandbox.providers import protocol
from sandbox.providers.base import Failure
from sandbox.providers.gcp import contracts, pretend, replaces, sdk, settings
from sandbox.providers.gcp.provider import PRETEND, VARIABLE, Gcp
from sandbox.providers.gcp.sdk import Nested
from sandbox.providers.protocol import Difference
from sandbox.providers.wire import UNKNOWN, Properties, Secret
from tests.sandbox.providers import requests

CLUSTER = "gcp:container/cluster:Cluster"
POOL = "gcp:container/nodePool:NodePool"
NETWORK = "gcp:compute/network:Network"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
ADDRESS = "gcp:compute/address:Address"
BUCKET = "gcp:storage/bucket:Bucket"
ACCOUNT = "gcp:serviceaccount/account:Account"
DATABASE = "gcp:sql/databaseInstance:DatabaseInstance"
MEMBER = "gcp:projects/iAMMember:IAMMember"


@pytest.fixture
def provider() -> Gcp:
    return configured()


@pytest.fixture
def pretending(monkeypatch: pytest.MonkeyPatch) -> Gcp:
    monkeypatch.setenv(VARIABLE, PRETEND)
    return configured()


def configured(**extra: str) -> Gcp:
    made = Gcp(requests.Host())
    values = {"project": "proj", "region": "europe-west4", "defaultLabels": '{"team": "x"}', **extra}
    made.configure(requests.configure({f"gcp:config:{key}": value for key, value in values.items()}))
    return made


def failures(provider: Gcp, token: str, inputs: Properties) -> dict[str, str]:
    return provider.check(requests.check(token, inputs))[1]


def difference(provider: Gcp, token: str, old: Properties, new: Properties) -> Difference:
    state: Properties = {"effectiveLabels": {"team": "x"}, **old}
    return provider.diff(requests.diff(token, state, new, old_inputs=old))


def replaced(provider: Gcp, token: str, old: Properties, new: Properties) -> list[str]:
    return difference(provider, token, old, new).replaces


def test_the_sdk_is_read_without_being_imported() -> None:
    """Importing the module of one type takes a second and more; a plugin has to start at once."""
    program = (
        "import sys; from sandbox.providers.gcp import sdk; "
        f"print(bool(sdk.resource('{CLUSTER}')), 'pulumi_gcp' in sys.modules, 'pulumi' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True", "False", "False"]


@pytest.mark.parametrize("token", sorted(f"gcp:{name}" for name in contracts.TYPES))
def test_what_is_made_up_are_outputs_that_the_type_has(token: str) -> None:
    found = sdk.resource(token)
    assert found
    made_up = contracts.TYPES[token.removeprefix("gcp:")][1]
    assert not made_up.keys() - found.outputs - found.inputs.keys()


@pytest.mark.parametrize("token", sorted(f"gcp:{name}" for name in contracts.FUNCTIONS))
def test_what_a_function_is_made_to_return_it_does_return(token: str) -> None:
    names = sdk.results(token)
    assert names
    assert not contracts.FUNCTIONS[token.removeprefix("gcp:")].keys() - set(names)


@pytest.mark.parametrize("name", sorted(replaces.listed()))
def test_every_path_in_the_table_of_replacements_is_a_property(name: str) -> None:
    """A path with a typing error would make a replacement look like an update."""
    found = sdk.resource(f"gcp:{name}")
    assert found
    for path in replaces.listed()[name]:
        allowed = found.inputs
        for step in path:
            assert step in allowed, path
            inner = allowed[step].type
            while isinstance(inner, sdk.ListOf | sdk.MapOf):
                inner = inner.item
            allowed = sdk.nested(inner) if isinstance(inner, Nested) else {}


def test_an_unknown_property_is_refused_with_those_that_there_are(provider: Gcp) -> None:
    found = failures(provider, NETWORK, {"autoCreateSubnetwork": False})
    assert list(found) == ["autoCreateSubnetwork"]
    assert "autoCreateSubnetworks" in found["autoCreateSubnetwork"]


def test_mistakes_deep_in_an_object_are_found_with_their_paths(provider: Gcp) -> None:
    inputs: Properties = {
        "cluster": "main",
        "nodeConfig": {"taints": [{"key": "gpu", "value": "x"}], "diskSizeGb": "big", "spot": "yes"},
    }
    assert failures(provider, POOL, inputs) == {
        "nodeConfig.diskSizeGb": "expected a whole number, got text",
        "nodeConfig.spot": "expected a boolean, got text",
        "nodeConfig.taints[0].effect": "Missing required property 'effect'",
    }


def test_a_missing_property_is_refused_and_one_that_is_not_known_yet_is_not(provider: Gcp) -> None:
    assert "network" in failures(provider, SUBNETWORK, {"ipCidrRange": "10.0.0.0/20"})
    assert not failures(provider, SUBNETWORK, {"ipCidrRange": "10.0.0.0/20", "network": UNKNOWN})


def test_a_refusal_never_repeats_a_value(provider: Gcp) -> None:
    """It may be a secret."""
    found = failures(provider, DATABASE, {"databaseVersion": "POSTGRES_16", "settings": Secret("hunter2")})
    assert "hunter2" not in str(found)


def test_a_type_that_the_plugin_has_not_is_named(provider: Gcp) -> None:
    with pytest.raises(Failure, match="no resource type gcp:compute/netwrk:Netwrk"):
        failures(provider, "gcp:compute/netwrk:Netwrk", {})


def test_a_generated_name_is_kept(provider: Gcp) -> None:
    first, _ = provider.check(requests.check(NETWORK, {}, seed=b"1", name="Net"))
    assert str(first["name"]).startswith("net-")
    assert provider.check(requests.check(NETWORK, {}, olds=first, seed=b"2"))[0]["name"] == first["name"]


def test_a_preview_knows_the_inputs_and_nothing_that_google_decides(provider: Gcp) -> None:
    identity, state = provider.create(requests.create(ADDRESS, {"name": "nat"}, preview=True))
    assert identity == ""
    assert (state["name"], state["project"], state["region"]) == ("nat", "proj", "europe-west4")
    assert state["address"] is state["selfLink"] is UNKNOWN


def test_what_google_fills_into_a_given_object_is_unknown_too(provider: Gcp) -> None:
    """Else a kubeconfig would be previewed with the host None."""
    inputs: Properties = {
        "name": "main",
        "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {"allowExternalTraffic": True}},
    }
    _, state = provider.create(requests.create(CLUSTER, inputs, preview=True))
    assert state["controlPlaneEndpointsConfig"] == {
        "dnsEndpointConfig": {"allowExternalTraffic": True, "endpoint": UNKNOWN}
    }
    assert state["masterAuth"] is UNKNOWN


def test_the_providers_labels_reach_a_resource_and_its_own_win(provider: Gcp) -> None:
    inputs: Properties = {"location": "EU", "name": "b", "labels": {"team": "y"}}
    _, state = provider.create(requests.create(BUCKET, inputs, preview=True))
    assert state["labels"] == {"team": "y"}
    assert state["effectiveLabels"] == Secret({"team": "y", "goog-pulumi-provisioned": "true"})


def test_a_changed_label_of_the_provider_changes_what_has_labels() -> None:
    found = difference(configured(defaultLabels='{"team": "z"}'), BUCKET, {"name": "b"}, {"name": "b"})
    assert found.detail == {"effectiveLabels.team": protocol.UPDATE}
    assert not found.replaces


def test_neither_credentials_nor_a_project_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Gcp(requests.Host())
    made.configure(requests.configure({}))
    _, state = made.create(requests.create(NETWORK, {"name": "n"}, preview=True))
    assert state["project"] is UNKNOWN
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "mine")
    assert settings.read({}).places["project"] == "mine"


@pytest.mark.parametrize(
    ("token", "old", "new", "paths"),
    [
        (CLUSTER, {"releaseChannel": {"channel": "RAPID"}}, {"releaseChannel": {"channel": "STABLE"}}, []),
        (CLUSTER, {"datapathProvider": "A"}, {"datapathProvider": "B"}, ["datapathProvider"]),
        (CLUSTER, {"enableL4IlbSubsetting": False}, {"enableL4IlbSubsetting": True}, []),
        (CLUSTER, {"enableL4IlbSubsetting": True}, {}, ["enableL4IlbSubsetting"]),
        (POOL, {"nodeConfig": {"machineType": "a"}}, {"nodeConfig": {"machineType": "b"}}, []),
        (POOL, {"nodeConfig": {"spot": False}}, {"nodeConfig": {"spot": True}}, ["nodeConfig.spot"]),
        (POOL, {}, {"nodeConfig": {"machineType": "a"}}, ["nodeConfig"]),
        (POOL, {"nodeConfig": {}}, {"nodeConfig": {"metadata": {"a.b": "c"}}}, ["nodeConfig.metadata"]),
        (POOL, {}, {"networkConfig": {"enablePrivateNodes": True}}, []),
        (POOL, {}, {"networkConfig": {"createPodRange": True}}, ["networkConfig"]),
        (SUBNETWORK, {"ipCidrRange": "10.0.0.0/20"}, {"ipCidrRange": "10.0.0.0/16"}, []),
        (SUBNETWORK, {"ipCidrRange": "10.0.0.0/20"}, {"ipCidrRange": "10.0.0.0/24"}, ["ipCidrRange"]),
        (SUBNETWORK, {"network": "a"}, {"network": UNKNOWN}, ["network"]),
        (MEMBER, {"role": "a", "member": "b"}, {"role": "a", "member": "c"}, ["member"]),
        ("gcp:projects/iAMBinding:IAMBinding", {"members": ["a"]}, {"members": ["b"]}, []),
        (DATABASE, {"settings": {"tier": "a"}}, {"settings": {"tier": "b"}}, []),
        (DATABASE, {"region": "a"}, {"region": "b"}, ["region"]),
        ("gcp:redis/instance:Instance", {"region": "a"}, {"region": "b"}, ["region"]),
        ("gcp:redis/instance:Instance", {"memorySizeGb": 1}, {"memorySizeGb": 2}, []),
    ],
)
def test_replaces_what_google_cannot_change(
    provider: Gcp, token: str, old: Properties, new: Properties, paths: list[str]
) -> None:
    """By the official provider's schemas and plan rules."""
    assert replaced(provider, token, old, new) == paths


def test_a_change_is_told_property_by_property(provider: Gcp) -> None:
    old: Properties = {"settings": {"tier": "a", "databaseFlags": [{"name": "x", "value": "1"}]}}
    new: Properties = {
        "settings": {"databaseFlags": [{"name": "x", "value": "2"}, {"name": "y", "value": "3"}]}
    }
    assert difference(provider, DATABASE, old, new).detail == {
        "settings.tier": protocol.DELETE,
        "settings.databaseFlags[0].value": protocol.UPDATE,
        "settings.databaseFlags[1]": protocol.ADD,
    }


def test_taking_away_what_google_then_chooses_is_no_change(provider: Gcp) -> None:
    assert not difference(provider, ADDRESS, {"address": "10.0.0.1"}, {}).detail


def test_two_of_one_name_are_never_there_at_once(provider: Gcp) -> None:
    """The name is taken until the old one is gone; a generated one changes with it."""
    given = difference(provider, NETWORK, {"name": "n"}, {"name": "n", "description": "d"})
    assert given.delete_first
    generated: Properties = {"name": "n", "__defaults": ["name"]}
    assert not difference(provider, NETWORK, generated, {**generated, "description": "d"}).delete_first


def test_without_google_nothing_is_created_read_changed_or_deleted(provider: Gcp) -> None:
    for call in (
        lambda: provider.create(requests.create(NETWORK, {"name": "n"})),
        lambda: provider.read(requests.read(NETWORK, "n", {"name": "n"})),
        lambda: provider.update(requests.update(NETWORK, {"name": "n"}, {"name": "n", "mtu": 1})),
        lambda: provider.delete(requests.delete(NETWORK, "n", {})),
        lambda: provider.invoke(requests.invoke("gcp:organizations/getProject:getProject", {})),
    ):
        with pytest.raises(
            Failure, match=r"(?s)needs Google.*gcloud auth application-default login"
        ) as failure:
            call()
        assert "\n" not in str(failure.value)


def test_a_function_in_a_preview_says_that_its_answer_is_made_up() -> None:
    """The protocol has no unknown answers, and an invented project number must not pass for a real one."""
    host = requests.Host()
    found = Gcp(host).invoke(
        requests.invoke("gcp:organizations/getProject:getProject", {"projectId": "p"}, preview=True)
    )
    assert str(found["number"]).isdigit()
    assert any("made-up" in line for line in host.logged)


def test_a_function_that_nothing_is_made_up_for_is_refused(provider: Gcp) -> None:
    with pytest.raises(Failure, match=r"getImage.*needs Google"):
        provider.invoke(requests.invoke("gcp:compute/getImage:getImage", {}, preview=True))


def test_in_pretence_a_cluster_can_be_reached_in_form(pretending: Gcp) -> None:
    identity, state = pretending.create(
        requests.create(CLUSTER, {"name": "main", "location": "europe-west4"})
    )
    assert identity == "projects/proj/locations/europe-west4/clusters/main"
    assert ipaddress.ip_address(str(state["endpoint"])).is_private
    assert (
        pretending.create(requests.create(CLUSTER, {"name": "main", "location": "europe-west4"}))[1] == state
    )


def test_in_pretence_what_the_program_says_wins(pretending: Gcp) -> None:
    _, state = pretending.create(requests.create(ADDRESS, {"name": "a", "address": "10.1.2.3"}))
    assert state["address"] == "10.1.2.3"


def test_in_pretence_an_update_keeps_what_google_said(pretending: Gcp) -> None:
    inputs: Properties = {
        "name": "main",
        "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {"allowExternalTraffic": True}},
    }
    _, state = pretending.create(requests.create(CLUSTER, inputs))
    changed = pretending.update(requests.update(CLUSTER, state, {**inputs, "minMasterVersion": "1.34"}))
    assert changed == {**state, "minMasterVersion": "1.34"}


def test_an_account_is_named_after_its_project() -> None:
    identity, outputs = pretend.resource(ACCOUNT, {"accountId": "nodes"}, {"project": "proj"})
    assert outputs["email"] == "nodes@proj.iam.gserviceaccount.com"
    assert identity == f"projects/proj/serviceAccounts/{outputs['email']}"


def test_a_type_that_is_not_listed_gets_an_id_of_its_own() -> None:
    one, other = (
        pretend.resource("gcp:pubsub/schema:Schema", {"name": name}, {"project": "proj"})[0] for name in "ab"
    )
    assert one != other
