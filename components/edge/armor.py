"""Cloud Armor: what is turned away before anybody is asked to sign in.

Source: cloud.google.com/armor/docs/rules-language-reference and /waf-rules.
"""

from collections.abc import Iterator

import pulumi
import pulumi_gcp as gcp

from components.config.edge import Armor

_LAST = 2147483647
_CHUNK = 10  # addresses in one rule
_BAN_SECONDS = 600
_OWASP = (
    "sqli", "xss", "lfi", "rfi", "rce", "methodenforcement", "scannerdetection", "protocolattack",
    "sessionfixation",
)  # fmt: skip
_FREE_TEXT = "^/(queue/join|upload|run/|api/|call/)"
"""Paths whose body is what people write and upload: a document on SQL injection isn't one."""

Rule = gcp.compute.SecurityPolicyRuleArgs


def security_policy_args(armor: Armor, project: pulumi.Input[str]) -> gcp.compute.SecurityPolicyArgs:
    """The policy, its rules in the order in which they are asked."""
    return gcp.compute.SecurityPolicyArgs(
        project=project,
        type="CLOUD_ARMOR",
        description="In front of Kotaemon",
        adaptive_protection_config=gcp.compute.SecurityPolicyAdaptiveProtectionConfigArgs(
            layer7_ddos_defense_config=gcp.compute.SecurityPolicyAdaptiveProtectionConfigLayer7DdosDefenseConfigArgs(
                enable=True
            )
        ),
        advanced_options_config=gcp.compute.SecurityPolicyAdvancedOptionsConfigArgs(
            json_parsing="STANDARD", log_level="VERBOSE"
        ),
        rules=list(_rules(armor)),
    )


def _rules(armor: Armor) -> Iterator[Rule]:
    if armor.countries:
        yield _when(
            100, "Only some countries", f"!origin.region_code.matches('^({'|'.join(armor.countries)})$')"
        )
    if armor.owasp:
        for number, name in enumerate(_OWASP):
            yield _when(
                1000 + number,
                f"OWASP: {name}",
                f"!request.path.matches('{_FREE_TEXT}') && "
                f"evaluatePreconfiguredWaf('{name}-v33-stable', {{'sensitivity': 1}})",
                preview=armor.log_only,
            )
    # A rate limit lets pass what is below it, so it comes last; beside it nobody gets in where networks are named.
    networks = [armor.networks[i : i + _CHUNK] for i in range(0, len(armor.networks), _CHUNK)] or [("*",)]
    for number, chunk in enumerate(networks):
        yield _limited(2000 + number, list(chunk), armor.requests_per_minute)
    yield Rule(
        action="deny(403)" if armor.networks else "allow",
        priority=_LAST,
        description="Everything else",
        match=_addresses(["*"]),
    )


def _when(priority: int, description: str, expression: str, *, preview: bool = False) -> Rule:
    return Rule(
        action="deny(403)",
        priority=priority,
        description=description,
        preview=preview,
        match=gcp.compute.SecurityPolicyRuleMatchArgs(
            expr=gcp.compute.SecurityPolicyRuleMatchExprArgs(expression=expression)
        ),
    )


def _limited(priority: int, addresses: list[str], requests: int) -> Rule:
    threshold = gcp.compute.SecurityPolicyRuleRateLimitOptionsRateLimitThresholdArgs(
        count=requests, interval_sec=60
    )
    return Rule(
        action="rate_based_ban",
        priority=priority,
        description=f"At most {requests} requests a minute of one address",
        match=_addresses(addresses),
        rate_limit_options=gcp.compute.SecurityPolicyRuleRateLimitOptionsArgs(
            conform_action="allow",
            exceed_action="deny(429)",
            enforce_on_key="IP",
            rate_limit_threshold=threshold,
            ban_duration_sec=_BAN_SECONDS,
        ),
    )


def _addresses(addresses: list[str]) -> gcp.compute.SecurityPolicyRuleMatchArgs:
    return gcp.compute.SecurityPolicyRuleMatchArgs(
        versioned_expr="SRC_IPS_V1",
        config=gcp.compute.SecurityPolicyRuleMatchConfigArgs(src_ip_ranges=addresses),
    )
