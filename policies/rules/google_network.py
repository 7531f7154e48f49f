"""Google Cloud: networks, Cloud Armor and identities."""

import re
from collections.abc import Iterable, Iterator

from policies.graph import Graph, Resource
from policies.rule import Rule, Scope, Severity, Subject, Violation, of_type, unmet, want
from policies.values import UNKNOWN, absent, at, differs, items, shown

ARMOR = "gcp:compute/securityPolicy:SecurityPolicy"
_ARMOR_RULE = "gcp:compute/securityPolicyRule:SecurityPolicyRule"
OWASP = ("sqli", "xss", "lfi", "rce")
"""Preconfigured rule sets of Cloud Armor that a public stack has at least."""
PRIMITIVE = ("roles/owner", "roles/editor", "roles/viewer")
_EVERYBODY = ("allUsers", "allAuthenticatedUsers")
_IAM = re.compile(r"^gcp:.*(I[aA][mM]Member|I[aA][mM]Binding)$")
_PROXY_SUBNETS = ("REGIONAL_MANAGED_PROXY", "GLOBAL_MANAGED_PROXY", "PRIVATE_SERVICE_CONNECT")


def _logs_flows(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield from unmet(resource.inputs, want("privateIpGoogleAccess", True))
    if absent(resource.inputs.get("logConfig")):
        yield Violation("logConfig", "isn't set")


def _is_plain_subnet(graph: Graph, resource: Resource) -> str | None:
    purpose = resource.inputs.get("purpose")
    if purpose is UNKNOWN or purpose in _PROXY_SUBNETS:
        return f"{shown(purpose)}: Google's own proxies, which keep no flow logs"
    return None


def _lets_few_in(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if resource.inputs.get("direction") == "EGRESS" or absent(resource.inputs.get("allows")):
        return
    for block in items(resource.inputs.get("sourceRanges")):
        if block in ("0.0.0.0/0", "::/0"):
            yield Violation("sourceRanges", f"holds {block}")
    sources = ("sourceRanges", "sourceTags", "sourceServiceAccounts")
    if all(absent(resource.inputs.get(one)) for one in sources):
        yield Violation("sourceRanges", "isn't set, which means every address")


def _is_logged(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if absent(resource.inputs.get("logConfig")):
        yield Violation("logConfig", "isn't set")


def _stands_before_a_public_front(graph: Graph, resource: Resource) -> bool:
    return graph.production and resource.type == ARMOR


def _armor_rules(graph: Graph, policy: Resource) -> list[object]:
    """The rules of a policy: in itself, and as resources of their own."""
    others = [
        one.inputs
        for one in graph.of(_ARMOR_RULE)
        if policy.urn in one.dependencies or one.inputs.get("securityPolicy") in (policy.name, UNKNOWN)
    ]
    given = policy.inputs.get("rules")
    return [UNKNOWN] if given is UNKNOWN else [*items(given), *others]


def _forgotten(rules: Iterable[object]) -> list[str]:
    """The attacks that no rule denies; none where a rule isn't known."""
    denied = [one for one in rules if str(at(one, "action")).startswith("deny")]
    expressions = [at(one, "match.expr.expression") for one in denied]
    conditions = " ".join(map(str, expressions)).replace('"', "'")
    if UNKNOWN in [*expressions, *(at(one, "action") for one in rules)]:
        return []
    return [one for one in OWASP if f"evaluatePreconfiguredWaf('{one}-" not in conditions]


def _refuses_attacks(graph: Graph, resource: Resource) -> Iterator[Violation]:
    rules = _armor_rules(graph, resource)
    if not any(at(one, "action") in ("throttle", "rate_based_ban", UNKNOWN) for one in rules):
        yield Violation("rules", "has no rate limit")
    if missing := _forgotten(rules):
        yield Violation("rules", f"denies no {', '.join(missing)}")


def _means_it(graph: Graph, resource: Resource) -> Iterator[Violation]:
    rules = _armor_rules(graph, resource)
    if missing := _forgotten([one for one in rules if at(one, "preview") is not True]):
        yield Violation("rules", f"only watches {', '.join(missing)}")


def _gives_a_role(graph: Graph, resource: Resource) -> bool:
    return bool(_IAM.match(resource.type))


def _is_no_primitive_role(graph: Graph, resource: Resource) -> Iterator[Violation]:
    role = resource.inputs.get("role")
    if role in PRIMITIVE:
        yield Violation("role", f"is {role}")


def _names_somebody(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for member in [resource.inputs.get("member"), *items(resource.inputs.get("members"))]:
        if member in _EVERYBODY:
            yield Violation("member", f"is {member}")


def _exists(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield Violation("", "is a key that never expires")


def _keeps_others_grants(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield Violation("", "replaces grants that it doesn't know")


def _stays_enabled(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if differs(resource.inputs.get("disableOnDestroy"), False):
        yield Violation("disableOnDestroy", "isn't false")


RULES = (
    Rule(
        id="VPC-01", subject=Subject.GOOGLE, title="networks have the subnets that are named, no others",
        applies=of_type("gcp:compute/network:Network"),
        check=lambda graph, resource: unmet(resource.inputs, want("autoCreateSubnetworks", False)),
        reason="Automatic subnets are in every region of the world, with ranges that clash with others'.",
        remedy="autoCreateSubnetworks: false",
    ),
    Rule(
        id="VPC-02", subject=Subject.GOOGLE, title="subnets reach Google privately, and log flows",
        applies=of_type("gcp:compute/subnetwork:Subnetwork"), check=_logs_flows, exempt=_is_plain_subnet,
        reason="Private nodes pull images and write logs that way; flow logs say who talked to whom.",
        remedy="privateIpGoogleAccess: true and logConfig",
    ),
    Rule(
        id="VPC-03", subject=Subject.GOOGLE, title="firewalls let no one in from everywhere",
        applies=of_type("gcp:compute/firewall:Firewall"), check=_lets_few_in,
        reason="The load balancer is the way in; whatever else is open is found within minutes.",
        remedy="name sourceRanges, sourceTags or sourceServiceAccounts",
    ),
    Rule(
        id="VPC-04", subject=Subject.GOOGLE, title="firewalls log", applies=of_type("gcp:compute/firewall:Firewall"),
        check=_is_logged,
        reason="Without a log nobody sees what was refused, or let in.",
        remedy="logConfig.metadata: INCLUDE_ALL_METADATA",
    ),
    Rule(
        id="VPC-05", subject=Subject.GOOGLE, title="Cloud NAT logs", applies=of_type("gcp:compute/routerNat:RouterNat"),
        check=lambda graph, resource: unmet(resource.inputs, want("logConfig.enable", True)),
        reason="Connections that fail for want of ports show there alone.",
        remedy="logConfig: enable true, filter ERRORS_ONLY or ALL",
    ),
    Rule(
        id="ARM-01", subject=Subject.GOOGLE, title="Cloud Armor limits rates and refuses the usual attacks",
        applies=_stands_before_a_public_front, check=_refuses_attacks, scope=Scope.STACK,
        reason="A login page on the internet is tried by machines all day; each answer costs 13 model calls.",
        remedy="rules: throttle or rate_based_ban, and deny for evaluatePreconfiguredWaf of " + ", ".join(OWASP),
    ),
    Rule(
        id="ARM-02", subject=Subject.GOOGLE, title="Cloud Armor refuses, and doesn't only watch",
        applies=_stands_before_a_public_front, check=_means_it, scope=Scope.STACK, severity=Severity.ADVISORY,
        reason="Watching first is right for a week or two, to see what is refused by mistake; it stops nobody.",
        remedy="turn preview off (kotaemon:edge.armor.logOnly: false)",
    ),
    Rule(
        id="IAM-01", subject=Subject.GOOGLE, title="nobody gets owner, editor or viewer", applies=_gives_a_role,
        check=_is_no_primitive_role,
        reason="They reach every service of the project, those of other teams too.",
        remedy="give the predefined role of the one service",
    ),
    Rule(
        id="IAM-02", subject=Subject.GOOGLE, title="no role for everybody", applies=_gives_a_role,
        check=_names_somebody,
        reason="allAuthenticatedUsers is every Google account in the world.",
        remedy="name a user, a group or a service account",
    ),
    Rule(
        id="IAM-03", subject=Subject.GOOGLE, title="no keys of service accounts",
        applies=of_type("gcp:serviceaccount/key:Key"), check=_exists,
        reason="A key works from anywhere, for ever, and ends in a repository.",
        remedy="use Workload Identity (pods) or Workload Identity Federation (pipelines)",
    ),
    Rule(
        id="IAM-04", subject=Subject.GOOGLE, title="grants are added, never replaced",
        applies=of_type("gcp:projects/iAMPolicy:IAMPolicy", "gcp:projects/iAMBinding:IAMBinding"),
        check=_keeps_others_grants,
        reason="They take away what others were given, Google's own agents too.",
        remedy="use IAMMember",
    ),
    Rule(
        id="API-01", subject=Subject.GOOGLE, title="services stay enabled",
        applies=of_type("gcp:projects/service:Service"),
        check=_stays_enabled,
        reason="Destroying a stack must not turn off an API that others in the project use.",
        remedy="disableOnDestroy: false",
    ),
)  # fmt: skip
