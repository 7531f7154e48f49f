"""What Google's front door promises beyond the rules: who is turned away, who signs people in, names and order."""

from string import ascii_uppercase

import pytest

from components.config.edge import Armor
from components.edge.armor import security_policy_args
from components.kotaemon.sidecars import HEALTH
from policies.podspec import podspec
from policies.values import at, items, mapping

from .program import plain
from .stacks import graph_of

GOOGLE_DOORS = ("dev", "prod", "google-own-client", "google-oauth2-proxy", "secret-manager")
LAST = 2147483647
EVERYWHERE = tuple(f"{one}{two}" for one in "ABCDEFGHIJ" for two in ascii_uppercase[:25])
"""As many countries as there are."""


def rules(armor: Armor) -> list[dict[str, object]]:
    """In the order in which Cloud Armor asks them."""
    found: list[dict[str, object]] = plain(security_policy_args(armor, "p"))["rules"]
    return sorted(found, key=lambda one: int(str(one["priority"])))


def addresses(rule: object) -> list[object]:
    return items(at(rule, "match.config.src_ip_ranges"))


def networks(count: int) -> tuple[str, ...]:
    return tuple(f"203.0.{number}.0/24" for number in range(count))


@pytest.mark.parametrize(
    "armor",
    [
        Armor(),
        Armor(owasp=False),
        Armor(countries=("DE", "AT"), networks=networks(35)),
        Armor(networks=networks(10)),
    ],
)
def test_rules_are_asked_one_after_the_other_and_somebody_has_the_last_word(armor: Armor) -> None:
    """Google refuses two of one priority, more than ten addresses in one, and a policy without a last rule."""
    found = rules(armor)
    priorities = [one["priority"] for one in found]
    assert len(set(priorities)) == len(priorities)
    assert priorities[-1] == LAST
    assert addresses(found[-1]) == ["*"]
    assert all(len(addresses(one)) <= 10 for one in found)
    assert {str(one["action"]) for one in found} <= {"deny(403)", "rate_based_ban", "allow"}


def test_what_is_refused_is_asked_before_what_lets_pass() -> None:
    """A rate limit lets pass whoever is below it: an attack that came after it would never be looked at."""
    found = rules(Armor(countries=("DE",), networks=networks(12)))
    actions = [str(one["action"]) for one in found[:-1]]
    assert actions == sorted(actions, key="rate_based_ban".__eq__)
    assert "origin.region_code" in str(found[0]), "the cheapest question first"


def test_where_networks_are_named_nobody_else_gets_in() -> None:
    found = rules(Armor(networks=networks(21)))
    let_in = [one for rule in found if rule["action"] == "rate_based_ban" for one in addresses(rule)]
    assert let_in == list(networks(21))
    assert found[-1]["action"] == "deny(403)"


def test_where_none_are_named_everybody_is_counted() -> None:
    (limit, last) = rules(Armor(owasp=False, requests_per_minute=90))
    assert addresses(limit) == ["*"]
    assert at(limit, "rate_limit_options.rate_limit_threshold") == {"count": 90, "interval_sec": 60}
    assert at(limit, "rate_limit_options.exceed_action") == "deny(429)"
    assert last["action"] == "allow"


def test_only_the_rules_against_attacks_can_be_tried_out() -> None:
    """`logOnly` is for false alarms; an office's network or a country isn't one."""
    found = rules(Armor(countries=("DE",), log_only=True, networks=networks(1)))
    tried = [str(one["description"]) for one in found if one.get("preview")]
    assert tried
    assert all(one.startswith("OWASP") for one in tried)
    assert not any(one.get("preview") for one in rules(Armor(countries=("DE",))))


@pytest.mark.parametrize("armor", [Armor(), Armor(countries=EVERYWHERE)])
def test_expressions_are_as_long_as_cloud_armor_takes_them(armor: Armor) -> None:
    """Source: cloud.google.com/armor/quotas, 2048 characters and five parts; there are 250 countries."""
    for rule in rules(armor):
        expression = str(at(rule, "match.expr.expression") or "")
        assert len(expression) <= 2048
        assert expression.count("&&") + expression.count("||") < 5


@pytest.mark.parametrize("variant", GOOGLE_DOORS)
def test_no_route_is_there_before_who_signs_people_in(variant: str) -> None:
    """For a moment Kotaemon, which anybody can take over, would be on the internet."""
    graph = graph_of(variant)
    route = graph.one("HTTPRoute", "edge-route")
    guards = graph.of("GCPBackendPolicy") + graph.of("HealthCheckPolicy") + graph.of("Gateway")
    assert len(guards) == 3
    assert {one.urn for one in guards} <= set(route.dependencies)


@pytest.mark.parametrize("variant", GOOGLE_DOORS)
def test_people_are_signed_in_by_exactly_one(variant: str) -> None:
    graph = graph_of(variant)
    (policy,) = graph.of("GCPBackendPolicy")
    deployment = graph.one("Deployment", "kotaemon")
    proxies = [one for one in podspec(deployment).containers() if one.at("name") == "sign-in"]
    assert (at(policy.inputs, "spec.default.iap.enabled") is True) is not bool(proxies)


def test_iap_with_a_client_of_ones_own_reads_its_secret_under_the_key_that_gke_expects() -> None:
    """Source: "Configure IAP with the Gateway API": the Secret's only key is `key`."""
    graph = graph_of("google-own-client")
    (policy,) = graph.of("GCPBackendPolicy")
    iap = at(policy.inputs, "spec.default.iap")
    assert at(iap, "clientID") == "123.apps.googleusercontent.com"
    (secret,) = [
        one for one in graph.of("Secret") if f"{one.name}-0123abcd" == at(iap, "oauth2ClientSecret.name")
    ]
    assert set(mapping(secret.inputs["stringData"])) == {"key"}
    assert secret.namespace == policy.namespace
    assert secret.urn in policy.dependencies


def test_iap_with_googles_client_names_none() -> None:
    (policy,) = graph_of("prod").of("GCPBackendPolicy")
    assert at(policy.inputs, "spec.default.iap") == {"enabled": True}


@pytest.mark.parametrize("variant", ["google-own-client", "prod"])
def test_whoever_may_enter_may_enter_this_domain_alone(variant: str) -> None:
    """The grant is the project's: without the condition it would open its other pages, too."""
    graph = graph_of(variant)
    members = graph.of("gcp:iap/webIamMember:WebIamMember")
    (route,) = [one for one in graph.of("HTTPRoute") if one.name == "edge-route"]
    (domain,) = items(at(route.inputs, "spec.hostnames"))
    assert [at(one.inputs, "condition.expression") for one in members] == [
        f'request.host == "{domain}"'
    ] * len(members)
    assert bool(members) is (variant == "google-own-client")


@pytest.mark.parametrize("variant", GOOGLE_DOORS)
def test_health_is_asked_where_kotaemon_answers_without_a_session(variant: str) -> None:
    """A page behind the sign-in would answer 302, and no pod would ever be healthy."""
    graph = graph_of(variant)
    (check,) = graph.of("HealthCheckPolicy")
    path = at(check.inputs, "spec.default.config.httpHealthCheck.requestPath")
    assert path == HEALTH
    deployment = graph.one("Deployment", "kotaemon")
    for one in podspec(deployment).containers():
        if one.at("name") == "sign-in":
            assert f"--skip-auth-route=GET=^{path}$" in items(one.at("args"))


@pytest.mark.parametrize("variant", GOOGLE_DOORS)
def test_policies_are_about_the_services_and_gateways_that_are_there(variant: str) -> None:
    """One about a name that isn't there does nothing, and nothing says so."""
    graph = graph_of(variant)
    there = {(one.kind, one.object_name, one.namespace) for one in graph.of("Service", "Gateway")}
    policies = graph.of("GCPBackendPolicy", "HealthCheckPolicy", "GCPGatewayPolicy")
    assert len(policies) == 3
    for one in policies:
        target = at(one.inputs, "spec.targetRef")
        assert (at(target, "kind"), at(target, "name"), one.namespace) in there, one.urn


def test_the_domains_records_lead_to_the_load_balancer_and_prove_the_domain() -> None:
    """Without the CNAME Google issues no certificate; without the A record nobody arrives."""
    graph = graph_of("google-own-client")
    (zone,) = graph.of("gcp:dns/managedZone:ManagedZone")
    assert zone.inputs["dnsName"] == "example.org."
    address = graph.one("RecordSet", "kotaemon-prod-address")
    assert (address.inputs["name"], address.inputs["type"]) == ("docs.example.org.", "A")
    assert graph.one("GlobalAddress", "kotaemon-prod-edge").urn in address.dependencies
    proof = graph.one("RecordSet", "kotaemon-prod-certificate")
    assert proof.inputs["type"] == "CNAME"
    assert str(proof.inputs["name"]).endswith(".")
    assert items(proof.inputs["rrdatas"]) != [""]
    assert {one.inputs["managedZone"] for one in (address, proof)} == {zone.inputs["name"]}
    assert all(zone.urn in one.dependencies for one in (address, proof))


def test_a_zone_that_is_there_is_used_and_not_made() -> None:
    graph = graph_of("google-oauth2-proxy")
    assert not graph.of("gcp:dns/managedZone:ManagedZone")
    assert {one.inputs["managedZone"] for one in graph.of("gcp:dns/recordSet:RecordSet")} == {"docs"}


def test_without_a_zone_the_records_are_told() -> None:
    """Somebody must set them by hand."""
    graph = graph_of("prod")
    assert not graph.of("gcp:dns/recordSet:RecordSet")
    first, second = graph.outputs["dnsRecords"]
    assert first.startswith("kotaemon.example.com. A ")
    assert " CNAME " in second


def test_the_certificate_is_on_its_way_before_the_gateway_asks_for_it() -> None:
    graph = graph_of("prod")
    (gateway,) = graph.of("Gateway")
    (entry,) = graph.of("gcp:certificatemanager/certificateMapEntry:CertificateMapEntry")
    assert entry.urn in gateway.dependencies
    certificates = graph.one("CertificateMap", "kotaemon-prod-certificates")
    annotation = mapping(at(gateway.inputs, "metadata.annotations"))["networking.gke.io/certmap"]
    assert str(annotation).startswith(certificates.name)
