"""What availability a stack can reach: the product of what is promised for each service that people's way crosses.

Only published figures count, each with its source; a part for which nobody promises anything, or no promise was found,
has none, and is said to have none. Model providers aren't in it: without one people still sign in, read and search.
Nor are vectors in a server of their own: without it answers fall back to words.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from components.config.app import App, FilestoreTier
from components.config.edge import GoogleEdge, Iap, NoEdge
from components.config.google import (
    Availability,
    CloudSql,
    Edition,
    ExistingCluster,
    ExistingGke,
    GkeCluster,
)
from components.config.regions import ZONES
from components.config.settings import Elasticsearch, ExternalPostgres, Settings

_COMPUTE = "https://cloud.google.com/compute/sla"
_GKE = "https://cloud.google.com/kubernetes-engine/sla"
_SQL = "https://cloud.google.com/sql/sla"
_FILESTORE = "https://cloud.google.com/filestore/sla"
_ARMOR = "https://cloud.google.com/armor/sla"
_SPOT = "https://docs.cloud.google.com/compute/docs/instances/create-use-spot"
_LESS_PROMISED = {"europe-north2", "northamerica-south1"}
"""Stockholm and Mexico, for which Compute Engine promises 99.95 % where it is 99.99 % elsewhere."""
_SHARED_CORE = {"db-f1-micro", "db-g1-small"}


@dataclass(frozen=True, kw_only=True)
class Link:
    """A part that people's way depends on."""

    name: str
    per_cent: float | None
    """What is promised of a month; None where nothing is, or no such promise is known."""
    source: str | None = None
    """Where the figure, or that there is none, is published."""
    on_the_way: bool = True
    """Whether people lose something as soon as it is gone; else only once a pod must be started or moved."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What availability a stack can reach at most."""

    per_cent: float | None
    """Product of the figures that there are; None where there is none."""
    links: tuple[Link, ...]

    @property
    def without_promise(self) -> tuple[str, ...]:
        """Names of the parts on people's way that nobody promises anything for."""
        return tuple(link.name for link in self.links if link.on_the_way and link.per_cent is None)


def reachable(settings: Settings) -> Reach:
    """The chain of a stack, from the front door to the files."""
    links = (*_door(settings), *_nodes(settings), *_application(settings.app), *_data(settings))
    figures = [link.per_cent for link in links if link.on_the_way and link.per_cent is not None]
    together = round(100 * prod(figure / 100 for figure in figures), 3) if figures else None
    return Reach(per_cent=together, links=links)


def sentence(reach: Reach, objective: float | None = None) -> str:
    """The output `reachableAvailability`; `objective` in per cent is judged by it."""
    if reach.per_cent is None:
        return "No service below this stack promises an availability: what it reaches is what you measure."
    parts = ", ".join(
        f"{link.name} {link.per_cent:g} %" for link in reach.links if link.on_the_way and link.per_cent
    )
    said = f"At most {reach.per_cent:g} % by what is promised: {parts}."
    if reach.without_promise:
        said += f" That is if these never fail, for which no promise is known: {'; '.join(reach.without_promise)}."
    if objective is not None and objective > reach.per_cent:
        said += f" The objective of {objective:g} % is more than that: nobody would be at fault when it is missed."
    return said


def _door(settings: Settings) -> Iterator[Link]:
    door = settings.edge
    if isinstance(door, NoEdge):
        return
    if not isinstance(door, GoogleEdge):
        yield Link(name="the Gateway's load balancer and proxy", per_cent=None)
        yield Link(name="the identity provider", per_cent=None)
        return
    yield Link(name="Google's load balancer", per_cent=_compute(settings, 99.99), source=_COMPUTE)
    if door.armor:
        yield Link(name="Cloud Armor", per_cent=99.99, source=_ARMOR)
    signs_in = "Identity-Aware Proxy" if isinstance(door.auth, Iap) else "the identity provider"
    # Google's agreements name no figure for it that could be found.
    yield Link(name=signs_in, per_cent=None)


def _nodes(settings: Settings) -> Iterator[Link]:
    cluster = settings.cluster
    if isinstance(cluster, ExistingCluster):
        yield Link(name="the cluster", per_cent=None)
        return
    if isinstance(cluster, ExistingGke):
        regional = cluster.location in ZONES
        yield _control_plane(99.95 if regional else 99.5)
        yield Link(name=f"the nodes of {cluster.name}", per_cent=None)
        return
    yield _control_plane(99.95)
    spread = _replicas(settings.app) > 1 and not _single_server(settings) and _zones(settings, cluster) > 1
    if cluster.autopilot:
        promised = 99.9 if spread else None
        yield Link(name="Autopilot's pods in several zones", per_cent=promised, source=_GKE)
    elif cluster.node_pools.main.spot:
        yield Link(name="spot nodes", per_cent=None, source=_SPOT)
    elif spread:
        yield Link(name="nodes in several zones", per_cent=_compute(settings, 99.99), source=_COMPUTE)
    else:
        yield Link(name="a single node", per_cent=99.9, source=_COMPUTE)


def _control_plane(per_cent: float) -> Link:
    return Link(name="GKE's control plane", per_cent=per_cent, source=_GKE, on_the_way=False)


def _application(app: App) -> Iterator[Link]:
    if _replicas(app) == 1:
        # Start: 20 s and 20 CPU-seconds once the image is there; its venv is 8.5 GB.
        yield Link(name="Kotaemon itself (one pod)", per_cent=None)


def _data(settings: Settings) -> Iterator[Link]:
    postgres = settings.postgres
    if isinstance(postgres, CloudSql):
        yield Link(name="Cloud SQL", per_cent=_cloud_sql(postgres), source=_SQL)
    elif isinstance(postgres, ExternalPostgres):
        yield Link(name=f"PostgreSQL at {postgres.host}", per_cent=None)
    else:
        yield Link(name="PostgreSQL in the cluster (one pod)", per_cent=None)
    if isinstance(settings.docstore, Elasticsearch):
        yield Link(name="Elasticsearch (one pod)", per_cent=None)
    tier = settings.app.storage.filestore
    if tier:
        promised = 99.99 if tier is FilestoreTier.REGIONAL else 99.9
        yield Link(name="Filestore", per_cent=promised, source=_FILESTORE)


def _cloud_sql(settings: CloudSql) -> float | None:
    """Only instances with a standby and cores of their own are promised anything; Enterprise's without maintenance."""
    if settings.availability is Availability.ZONAL or settings.tier in _SHARED_CORE:
        return None
    return 99.99 if settings.edition is Edition.ENTERPRISE_PLUS else 99.95


def _compute(settings: Settings, per_cent: float) -> float:
    return 99.95 if settings.google and settings.google.region in _LESS_PROMISED else per_cent


def _replicas(app: App) -> int:
    return app.autoscaling.min_replicas if app.autoscaling else app.replicas


def _single_server(settings: Settings) -> bool:
    """Whether something that people can't do without runs in one pod of the cluster, on one node."""
    in_cluster = not isinstance(settings.postgres, CloudSql | ExternalPostgres)
    return in_cluster or isinstance(settings.docstore, Elasticsearch)


def _zones(settings: Settings, cluster: GkeCluster) -> int:
    region = settings.google.region if settings.google else ""
    return len(set(cluster.zones) or set(ZONES.get(region, ())[:3]))
