"""What a stack asks of a project's quotas, by its machine types and its most nodes."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from components.config.edge import GoogleEdge
from components.config.fields import amount
from components.config.google import GkeCluster, GpuPool, NodePool
from components.config.settings import (
    Chroma,
    Elasticsearch,
    InClusterPostgres,
    Qdrant,
    Settings,
)

_GIB = Decimal(2**30)
_SHARED_CORE = {"micro": 2, "small": 2, "medium": 2}
_BY_GPUS = {"a2-highgpu": 12, "a2-ultragpu": 12, "a3-highgpu": 26, "a3-megagpu": 26}
"""Cores for each GPU, in machine types that are named by their GPUs (a2-highgpu-2g)."""
_COUNTED_AS_CPUS = ("e2", "n1", "f1", "g1", "custom")
"""Families whose cores count as CPUS; each other family has a quota of its own, such as N2_CPUS."""


class Scope(StrEnum):
    """Where a quota holds."""

    REGION = "region"
    PROJECT = "project"


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A limit, and what of it is in use."""

    limit: float
    usage: float


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What the stack asks of one quota: at its fewest nodes, and at its most."""

    scope: Scope
    metric: str
    least: int
    most: int


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """A quota that is too small."""

    metric: str
    quota: Quota
    hopeless: bool
    """Whether not even the fewest nodes fit."""


def cores(machine_type: str) -> int | None:
    """The cores of a machine type, by its name; None where the name doesn't tell."""
    family, _, size = machine_type.rpartition("-")
    if custom := re.search(r"custom-([0-9]+)-[0-9]+", machine_type):
        return int(custom[1])
    if size in _SHARED_CORE:
        return _SHARED_CORE[size]
    if gpus := re.fullmatch(r"([0-9]+)g", size):
        each = _BY_GPUS.get(family)
        return None if each is None else each * int(gpus[1])
    return int(size) if size.isdigit() else None


def demands(settings: Settings) -> list[Demand]:
    """What the stack asks for, quota by quota."""
    least: defaultdict[tuple[Scope, str], int] = defaultdict(int)
    most: defaultdict[tuple[Scope, str], int] = defaultdict(int)
    for scope, metric, few, many in _parts(settings):
        least[scope, metric] += few
        most[scope, metric] += many
    return [
        Demand(scope=scope, metric=metric, least=least[scope, metric], most=many)
        for (scope, metric), many in most.items()
    ]


def _parts(settings: Settings) -> Iterator[tuple[Scope, str, int, int]]:
    cluster = settings.cluster
    if isinstance(cluster, GkeCluster):
        addresses = cluster.network.nat_addresses
        yield Scope.PROJECT, "NETWORKS", 1, 1
        yield Scope.REGION, "STATIC_ADDRESSES", addresses, addresses
        yield Scope.REGION, "IN_USE_ADDRESSES", addresses, addresses
        volumes = _gib(_volumes(settings))
        yield Scope.REGION, "SSD_TOTAL_GB", volumes, volumes
        if not cluster.autopilot:
            pools = cluster.node_pools
            for pool in (pools.main, pools.spot, pools.gpu):
                if pool is not None:
                    yield from _nodes(pool)
    if isinstance(settings.edge, GoogleEdge):
        yield Scope.PROJECT, "STATIC_ADDRESSES", 1, 1
        yield (
            Scope.PROJECT,
            "GLOBAL_EXTERNAL_MANAGED_FORWARDING_RULES",
            2,
            2,
        )  # https, and http that redirects
        yield Scope.PROJECT, "GLOBAL_EXTERNAL_MANAGED_BACKEND_SERVICES", 2, 2  # Kotaemon's, and GKE's own 404
        if settings.edge.armor is not None:
            yield Scope.PROJECT, "SECURITY_POLICIES", 1, 1


def _nodes(pool: NodePool) -> Iterator[tuple[Scope, str, int, int]]:
    few, many = pool.min_nodes, pool.max_nodes
    disk = _gib(amount(pool.disk_size))
    yield Scope.REGION, "SSD_TOTAL_GB", disk * few, disk * many
    if (each := cores(pool.machine_type)) is not None:
        family = pool.machine_type.partition("-")[0]
        own = "CPUS" if family in _COUNTED_AS_CPUS else f"{family.upper()}_CPUS"
        yield Scope.REGION, "PREEMPTIBLE_CPUS" if pool.spot else own, each * few, each * many
        if not pool.spot:
            yield Scope.PROJECT, "CPUS_ALL_REGIONS", each * few, each * many
    if isinstance(pool, GpuPool):
        model = re.sub(r"^NVIDIA_TESLA_", "NVIDIA_", pool.accelerator.upper().replace("-", "_"))
        metric = f"{'PREEMPTIBLE_' if pool.spot else ''}{model}_GPUS"
        yield Scope.REGION, metric, pool.accelerators * few, pool.accelerators * many
        yield Scope.PROJECT, "GPUS_ALL_REGIONS", pool.accelerators * few, pool.accelerators * many


def _volumes(settings: Settings) -> Decimal:
    """Bytes of the stack's block storage."""
    total = Decimal(0)
    if settings.app.storage.filestore is None:
        total += amount(settings.app.storage.size)
    for store in (settings.postgres, settings.vector_db, settings.docstore):
        if isinstance(store, InClusterPostgres | Qdrant | Chroma | Elasticsearch):
            total += amount(store.storage.size) * (store.replicas if isinstance(store, Qdrant) else 1)
    return total


def _gib(size: Decimal) -> int:
    return int((size / _GIB).to_integral_value(ROUND_CEILING))


def short(demand: Demand, quotas: Mapping[Scope, Mapping[str, Quota]]) -> Shortage | None:
    """What of a demand can't be met; None where it can, or where the quota isn't known.

    What is in use may be the stack's own, so that only the limit itself can be too small for certain.
    """
    known, metric = quotas.get(demand.scope, {}), demand.metric
    if metric == "PREEMPTIBLE_CPUS" and (metric not in known or known[metric].limit == 0):
        metric = "CPUS"  # spot nodes count there, where a project has no quota of its own for them
    quota = known.get(metric)
    if quota is None or quota.limit - quota.usage >= demand.most:
        return None
    return Shortage(metric=metric, quota=quota, hopeless=quota.limit < demand.least)
