"""What Google's load balancer tells of people's requests: where IAP signs in, nothing else counts them.

Sources: docs.cloud.google.com/load-balancing/docs/metrics; …/armor/docs/monitoring. How GKE names the URL map of a
Gateway (gkegw1-HASH-NAMESPACE-GATEWAY-HASH) is nowhere promised: it is what its Gateways' annotations show.
"""

from dataclasses import dataclass
from datetime import timedelta

from components.monitoring.dashboards import Board, Section, Tile
from components.monitoring.definition import Group
from components.signals.model import Alert, Panel, Query, Severity, Unit

from .own import Signals, series

COMPONENT = "edge"
GROUP = Group(name="load-balancer", component=COMPONENT, interval=timedelta(minutes=1), rules=())
_ROOM = 37
"""Letters that namespace and Gateway may have together before GKE cuts them to fit into 63."""
_SURE = 24
"""Letters of a long namespace that are surely left."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """A Gateway of Google's class."""

    namespace: str
    gateway: str
    armor: str | None
    """The Cloud Armor policy's name, where there is one."""

    def series(self, metric: str, *matchers: str) -> str:
        """A metric of its load balancer."""
        mine = f'url_map_name=~"{url_map(self.namespace, self.gateway)}"'
        return series(f"loadbalancing/https/{metric}", "https_lb_rule", mine, *matchers)


def url_map(namespace: str, gateway: str) -> str:
    """Pattern of the names of the Gateway's URL maps; two stacks of one namespace in a project share it."""
    if len(namespace) + len(gateway) <= _ROOM:
        return f"gkegw[0-9]+-[a-z0-9]+-{namespace}-{gateway}-[a-z0-9]+"
    return f"gkegw[0-9]+-[a-z0-9]+-{namespace[:_SURE]}[a-z0-9-]*-[a-z0-9]+"


def signals(door: Door) -> Signals:
    """Requests that end in an error page somebody; the rest is drawn."""
    return Signals(
        group=GROUP,
        alerts=(
            Alert(
                name="LoadBalancerErrors",
                expr=f"{_failed(door, '10m')} > 0.05",
                lasting=timedelta(minutes=10),
                severity=Severity.PAGE,
                summary="{{ $value | humanizePercentage }} of the requests that the load balancer doesn't refuse end "
                "in an error of the server.",
            ),
        ),
        board=Board(
            name="load-balancer",
            title="Load balancer",
            description="What people ask of the front door, how long it takes, and what fails.",
            sections=(Section(title="", tiles=_tiles(door)),),
        ),
    )


def _failed(door: Door, window: str) -> str:
    """Share of what isn't refused: the uptime check alone is refused many times a minute."""

    def rate(classes: str) -> str:
        counted = door.series("request_count", f"response_code_class{classes}")
        return f"sum(rate({counted}[{window}]))"

    failing, taken = rate('=~"5.*"'), rate('!~"4.*"')
    return f"{failing} / {taken}"


def _tiles(door: Door) -> tuple[Tile, ...]:
    requests = f"sum by (response_code_class) (rate({door.series('request_count')}[5m]))"
    panels = [
        Panel(
            title="Requests",
            description="By the class of their answer: 300 are people who sign in, 400 those whom it refuses.",
            unit=Unit.PER_SECOND,
            queries=(Query(expr=requests, legend="{{response_code_class}}"),),
        ),
        Panel(
            title="Errors",
            description="Share of the requests, but for refused ones, that end in an error of the server.",
            unit=Unit.SHARE,
            queries=(Query(expr=_failed(door, "5m"), legend="errors", needs_data=False),),
            bad_above=0.05,
        ),
        Panel(
            title="Time to answer",
            description="From the first byte of the request to the last of the answer; an answer that is streamed "
            "counts for as long as it takes.",
            unit=Unit.SECONDS,
            queries=_quantiles(door, "total_latencies"),
        ),
        Panel(
            title="Time that Kotaemon takes",
            description="The part of it behind the load balancer.",
            unit=Unit.SECONDS,
            queries=_quantiles(door, "backend_latencies"),
        ),
    ]
    if door.armor is not None:
        panels.append(
            Panel(
                title="Refused by Cloud Armor",
                description="Requests that a rule turned away, and those that one would which only looks on.",
                unit=Unit.PER_SECOND,
                queries=(
                    _refused(door.armor, "request_count", "refused"),
                    _refused(door.armor, "previewed_request_count", "would be refused"),
                ),
            )
        )
    return tuple(Tile(width=8, content=panel) for panel in panels)


def _quantiles(door: Door, metric: str) -> tuple[Query, ...]:
    """In seconds; Google counts milliseconds."""
    buckets = f"sum by (le) (rate({door.series(f'{metric}_bucket')}[5m]))"
    return tuple(
        Query(expr=f"histogram_quantile({quantile}, {buckets}) / 1000", legend=name)
        for quantile, name in ((0.5, "half"), (0.95, "95 %"))
    )


def _refused(policy: str, metric: str, legend: str) -> Query:
    of_policy = (f'policy_name="{policy}"', 'blocked="true"')
    blocked = series(f"networksecurity/https/{metric}", "network_security_policy", *of_policy)
    return Query(expr=f"sum(rate({blocked}[5m]))", legend=legend, needs_data=False)
