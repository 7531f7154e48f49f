"""What runs in the cluster, as boxes: workloads, volumes, secrets, and what people know them by."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from components.config.quantity import amount
from policies.graph import Resource
from policies.values import at, items, mapping, number, text

from .index import Index, containers, object_name, secret_names, variables, volumes
from .model import Box, Kind, Lane, Scope
from .text import counted, joined

APPLICATION = "kotaemon:index:Kotaemon"
SECRETS, WATCHING = "secrets", "watching"
_WATCHERS = {
    "kotaemon:index:Exporters": "asked and translated by",
    "kotaemon:index:BuiltinMonitor": "metrics and alerts:",
    "kotaemon:index:LogAgent": "logs read by",
    "kotaemon:index:Loki": "logs kept by",
    "kotaemon:index:Collector": "traces collected by",
}
"""Components that watch the others, and what each does."""
_GENERATED = "kotaemon:index:GeneratedSecret"
_TITLES = {
    "kotaemon": "Kotaemon",
    "pgvector": "PostgreSQL",
    "postgres": "PostgreSQL",
    "qdrant": "Qdrant",
    "chroma": "Chroma",
    "elasticsearch": "Elasticsearch",
    "oauth2-proxy": "oauth2-proxy",
    "cloud-sql-proxy": "Cloud SQL's proxy",
}
_BESIDES = {
    "oauth2-proxy": "sign-in by oauth2-proxy in the same pod",
    "cloud-sql-proxy": "logged in by Cloud SQL's proxy beside it",
}


def image(container: Mapping[str, object]) -> tuple[str, str]:
    """An image's short name, and that with its tag: without registry and digest."""
    reference = (text(container.get("image")) or "").partition("@")[0].rsplit("/", 1)[-1]
    return reference.partition(":")[0], reference


def title(one: Resource) -> str:
    """What a workload is called."""
    first = next(iter(containers(one)), {})
    return _TITLES.get(image(first)[0], object_name(one))


def watches(index: Index, one: Resource) -> bool:
    """Whether a workload is there to watch the others: it talks to all of them."""
    return any(each.type in _WATCHERS for each in index.ancestors(one))


def watching(index: Index) -> Box | None:
    """All that watches, as one box: an arrow to everything that it reads would hide who works with whom."""
    does: dict[str, list[str]] = {}
    for one in index.workloads:
        what = next((_WATCHERS[each.type] for each in index.ancestors(one) if each.type in _WATCHERS), None)
        if what is not None:
            does.setdefault(what, []).append(object_name(one))
    if not does:
        return None
    asked = [sum(_asked(index, key), Decimal(0)) for key in ("cpu", "memory")]
    return Box(
        id=WATCHING,
        kind=Kind.SERVICE,
        lane=Lane.WATCHING,
        scope=Scope.NAMESPACE,
        title="What watches",
        facts=(
            *(f"{what} {', '.join(names)}" for what, names in sorted(does.items())),
            f"together {asked[0].normalize():f} CPU, {asked[1] / 2**20:.0f}Mi memory",
        ),
    )


def _asked(index: Index, key: str) -> Iterator[Decimal]:
    """What each container that watches requests; a DaemonSet's pod counts once."""
    for one in index.workloads:
        for container in containers(one) if watches(index, one) else ():
            yield amount(text(at(container, f"resources.requests.{key}")) or "0")


def _is_application(index: Index, one: Resource) -> bool:
    return any(each.type == APPLICATION for each in index.ancestors(one))


def workload(index: Index, one: Resource) -> Box:
    """A workload as a box: what runs, how often, how large, on what."""
    main = _is_application(index, one)
    first, *others = containers(one) or [{}]
    held = holdings(application_variables(index)).get(object_name(one))
    scaler = next(
        (each for each in index.of("HorizontalPodAutoscaler")
         if at(each.inputs, "spec.scaleTargetRef.name") == object_name(one)), None,
    )  # fmt: skip
    replicas = int(number(at(one.inputs, "spec.replicas")) or 1)
    if scaler is not None:
        replicas = int(number(at(scaler.inputs, "spec.minReplicas")) or 1)
    claims = [mapping(each) for each in items(at(one.inputs, "spec.volumeClaimTemplates"))]
    return Box(
        id=one.urn,
        kind=Kind.APPLICATION if main else Kind.DATABASE,
        lane=Lane.APPLICATION if main else Lane.STORES,
        scope=Scope.NAMESPACE,
        title=title(one),
        version=image(first)[1],
        facts=(
            *(_BESIDES.get(image(other)[0], f"{image(other)[0]} in the same pod") for other in others),
            *([f"keeps {', '.join(held)}"] if not main and held else []),
            _replicas(one, replicas, scaler),
            *filter(None, [_resources(first)]),
            *(f"{_volume(index, claim)}{' each' if replicas > 1 else ''}" for claim in claims),
        ),
        copies=replicas,
    )


def _replicas(one: Resource, replicas: int, scaler: Resource | None) -> str:
    spread = items(at(one.inputs, "spec.template.spec.topologySpreadConstraints"))
    zones = any(at(each, "topologyKey") == "topology.kubernetes.io/zone" for each in spread)
    most = at(scaler.inputs, "spec.maxReplicas") if scaler else None
    count = f"{replicas} to {most} replicas" if most else counted(replicas, "replica")
    return f"{count} over the zones" if zones and replicas > 1 else count


def _resources(container: Mapping[str, object]) -> str:
    """`0.5 to 2 CPU, 2Gi memory`: what it asks for, and its limit where that is more."""
    parts = []
    for key, noun in (("cpu", " CPU"), ("memory", " memory")):
        asked = text(at(container, f"resources.requests.{key}"))
        most = text(at(container, f"resources.limits.{key}"))
        if asked:
            asked, most = _cores(asked), _cores(most) if most else None
            parts.append(f"{asked} to {most}{noun}" if most and most != asked else f"{asked}{noun}")
    return ", ".join(parts)


def _cores(amount: str) -> str:
    """Thousandths of a core as cores."""
    return f"{int(amount[:-1]) / 1000:g}" if amount.endswith("m") and amount[:-1].isdigit() else amount


def _volume(index: Index, claim: Mapping[str, object]) -> str:
    """Size, access and class of a volume claim."""
    size = text(at(claim, "spec.resources.requests.storage")) or ""
    modes = " ".join(str(mode) for mode in items(at(claim, "spec.accessModes")))
    return joined(
        [f"volume {size}", modes, _class(index, text(at(claim, "spec.storageClassName")) or "")], ", "
    )


def application(index: Index) -> Resource | None:
    """The application that everything else is there for."""
    return next((one for one in index.workloads if _is_application(index, one)), None)


def application_variables(index: Index) -> dict[str, str]:
    """What the application is told; nothing where there is none."""
    main = application(index)
    return variables(main) if main else {}


def holdings(told: Mapping[str, str]) -> dict[str, list[str]]:
    """By host, which data the application keeps there. Source: the variables of the mounted settings."""
    found: dict[str, list[str]] = {}
    database = told.get("KOTAEMON_PG_HOST", "")
    vectors = {
        "qdrant": _host(told.get("KOTAEMON_QDRANT_URL", "")),
        "chroma-http": told.get("KOTAEMON_CHROMA_HOST", ""),
        "pgvector": database,
    }
    documents = {"elasticsearch": _host(told.get("KOTAEMON_ES_URL", "")), "postgres": database}
    for host, what in (
        (database, "users, chats, settings"),
        (vectors.get(told.get("KOTAEMON_VECTORSTORE", ""), ""), "embeddings"),
        (documents.get(told.get("KOTAEMON_DOCSTORE", ""), ""), "text of documents"),
    ):
        if host:
            found.setdefault(host, []).append(what)
    return found


def _host(url: str) -> str:
    return url.partition("://")[2].partition(":")[0].partition("/")[0]


def claim(index: Index, one: Resource) -> Box:
    """A volume that outlives its pods, as a box."""
    told = next((variables(each) for each in mounting(index, one)), {})
    documents = told.get("KOTAEMON_DOCSTORE") == "lancedb"
    return Box(
        id=one.urn,
        kind=Kind.DISK,
        lane=Lane.STORES,
        scope=Scope.NAMESPACE,
        title=f"Volume {object_name(one)}",
        facts=(
            "keeps uploaded files" + (", text of documents (LanceDB)" if documents else ""),
            _volume(index, one.inputs).removeprefix("volume "),
        ),
    )


def _class(index: Index, name: str) -> str:
    """A storage class by what it is, where the stack makes it."""
    for one in index.of("StorageClass"):
        if object_name(one) == name and "filestore" in str(one.inputs.get("provisioner")):
            return f"on {at(one.inputs, 'parameters.tier') or ''} Filestore".replace("  ", " ")
    return name


def mounting(index: Index, one: Resource) -> list[Resource]:
    """The workloads that mount a claim."""
    name = object_name(one)
    return [
        each
        for each in index.workloads
        if any(at(volume, "persistentVolumeClaim.claimName") == name for volume in volumes(each))
    ]


def secrets(index: Index) -> Box | None:
    """All Secrets as one box: how many of each origin, and who reads them."""
    there = index.of("Secret")
    names = {object_name(one) for one in there}
    read = {one.urn: secret_names(one) for one in index.workloads}
    synced = {
        object_name(one): items(at(one.inputs, "spec.secretObject.data")) for one in index.of("SecretSync")
    }
    elsewhere = sorted(set().union(*read.values()) - names - synced.keys()) if read else []
    if not there and not elsewhere and not synced:
        return None
    made = [one for one in there if any(each.type == _GENERATED for each in index.ancestors(one))]
    supplied = sum(
        len(mapping(one.inputs.get("stringData"))) + len(mapping(one.inputs.get("data")))
        for one in there
        if one not in made
    )
    readers = sorted({title(one) for one in index.workloads if read[one.urn] and not watches(index, one)})
    if any(read[one.urn] for one in index.workloads if watches(index, one)):
        readers.append("what watches")
    return Box(
        id=SECRETS,
        kind=Kind.SECRET,
        lane=Lane.APPLICATION,
        scope=Scope.NAMESPACE,
        title="Secrets",
        facts=(
            *([f"{len(made)} generated"] if made else []),
            *([f"{supplied} supplied"] if supplied else []),
            *([f"{sum(map(len, synced.values()))} out of Secret Manager"] if synced else []),
            *([f"there already: {', '.join(elsewhere)}"] if elsewhere else []),
            *([f"read by {', '.join(readers)}"] if readers else []),
        ),
    )
