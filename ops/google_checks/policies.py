"""Organization policies that may forbid what a stack makes, as far as Google tells them."""

from collections.abc import Iterator
from dataclasses import dataclass

from components.config.edge import GoogleEdge, Iap
from components.config.google import CloudSql, GkeCluster
from components.config.settings import Settings

from .access import Api, entries, mapping


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """A constraint, and what of the stack it is about."""

    name: str
    about: str
    passes: tuple[str, ...] = ()
    """Values that let it through, where one is allowed."""


@dataclass(frozen=True, kw_only=True)
class Restriction:
    """What a policy says: everything is forbidden, or only these values are allowed or denied."""

    constraint: Constraint
    denies_all: bool
    allowed: tuple[str, ...]
    denied: tuple[str, ...]

    def __str__(self) -> str:
        if self.denies_all:
            return f"forbids {self.constraint.about}"
        words = [f"allows {', '.join(self.allowed)} alone"] if self.allowed else []
        words += [f"denies {', '.join(self.denied)}"] if self.denied else []
        return f"{' and '.join(words)}: see that it lets through {self.constraint.about}"


def constraints(settings: Settings) -> Iterator[Constraint]:
    """Those that could forbid something of this stack."""
    if settings.google is not None:
        region = settings.google.region
        yield Constraint(
            name="gcp.resourceLocations",
            about=f"the region {region}",
            passes=(region, f"in:{region}-locations"),
        )
    if isinstance(settings.cluster, GkeCluster) or isinstance(settings.postgres, CloudSql):
        yield Constraint(name="compute.restrictVpcPeering", about="the peering with servicenetworking")
    if isinstance(settings.edge, GoogleEdge):
        yield Constraint(
            name="compute.restrictLoadBalancerCreationForTypes",
            about="GLOBAL_EXTERNAL_MANAGED_HTTP_HTTPS",
            passes=("GLOBAL_EXTERNAL_MANAGED_HTTP_HTTPS", "in:EXTERNAL"),
        )
        if isinstance(settings.edge.auth, Iap) and settings.edge.auth.members:
            yield Constraint(
                name="iam.allowedPolicyMemberDomains", about=", ".join(settings.edge.auth.members)
            )


def restriction(api: Api, project: str, constraint: Constraint) -> Restriction | None:
    """What the policy in effect says; None where it restricts nothing. Raises ApiError, UnreachableError."""
    url = f"{api.endpoints.org_policy}/v2/projects/{project}/policies/{constraint.name}:getEffectivePolicy"
    rules = [mapping(rule) for rule in entries(mapping(api.get(url).get("spec")).get("rules"))]
    values = [mapping(rule.get("values")) for rule in rules]
    found = Restriction(
        constraint=constraint,
        denies_all=any(rule.get("denyAll") is True for rule in rules),
        allowed=tuple(str(one) for value in values for one in entries(value.get("allowedValues"))),
        denied=tuple(str(one) for value in values for one in entries(value.get("deniedValues"))),
    )
    passes = bool(set(constraint.passes) & set(found.allowed))
    return found if found.denies_all or found.denied or (found.allowed and not passes) else None
