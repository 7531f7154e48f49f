"""A stack's graph as a picture: which boxes, frames and arrows it has."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from policies.graph import Graph, Resource
from policies.values import at, mapping

from . import google, objects
from .flows import Flow, flows, label
from .front import front, ports
from .index import Index, object_name
from .model import Arrow, Box, Frame, Kind, Lane, Line, Picture, Scope
from .text import counted, joined

PEOPLE, WORLD, SERVERS = "people", "world", "servers"
_WEB = {"80", "443"}
_MODELS = {
    "OPENAI_API_KEY": "OpenAI",
    "AZURE_OPENAI_API_KEY": "Azure OpenAI",
    "GOOGLE_API_KEY": "Gemini",
    "COHERE_API_KEY": "Cohere",
    "MISTRAL_API_KEY": "Mistral",
    "VOYAGE_API_KEY": "Voyage",
    "TAVILY_API_KEY": "Tavily",
}
_URLS = {"openai": "OPENAI_API_BASE", "azure-openai": "AZURE_OPENAI_ENDPOINT", "ollama": "KH_OLLAMA_URL"}
_SHOWN = frozenset(
    {"Secret", "NetworkPolicy", "Namespace", "ResourceQuota", "Deployment", "StatefulSet", "DaemonSet",
     "PersistentVolumeClaim", "Gateway", "HTTPRoute", "HorizontalPodAutoscaler"}
)  # fmt: skip
"""Kinds that a picture shows, so that no box counts them."""


def read(graph: Graph, stack: str) -> Picture:
    """What a picture of this graph says."""
    index = Index(graph)
    found = list(flows(index))
    drawn = [one for one in found if not _of_watching(index, one)]
    boxes = _with_feet(index, [*_cluster_boxes(index, drawn), *_google_boxes(index)])
    arrows = [*_flow_arrows(index, drawn, boxes), *_data_arrows(index, boxes)]
    boxes = [*_outside(index, drawn), *boxes]
    return Picture(
        title="Kotaemon",
        subtitle=f"stack {stack}{', production' if graph.production else ''}",
        boxes=tuple(boxes),
        frames=_frames(index, found),
        arrows=tuple(arrows),
    )


def _of_watching(index: Index, flow: Flow) -> bool:
    """Whether it is there for metrics, logs or traces; from other namespaces only the front door's isn't."""
    ends = [one for one in (flow.source, flow.target) if one is not None]
    collected = (
        flow.source is None and flow.place.startswith("namespace ") and not flow.name.startswith("edge-")
    )
    return collected or any(objects.watches(index, one) for one in ends)


def _frames(index: Index, found: Sequence[Flow]) -> tuple[Frame, ...]:
    namespaces = [
        Frame(
            scope=Scope.NAMESPACE,
            title=f"Namespace {object_name(one)}",
            facts=(
                joined([_pod_security(one), _denied(index, found)]),
                *(_quota(quota) for quota in index.of("ResourceQuota")[:1]),
            ),
        )
        for one in index.of("Namespace")[:1]
    ]
    around = (google.project(index), google.network(index), google.cluster(index))
    return (*(frame for frame in around if frame is not None), *namespaces)


def _pod_security(one: Resource) -> str:
    level = mapping(at(one.inputs, "metadata.labels")).get("pod-security.kubernetes.io/enforce")
    return f"Pod Security: {level}" if level else ""


def _denied(index: Index, found: Sequence[Flow]) -> str:
    names = {one.name for one in found}
    closed = any(not mapping(at(one.inputs, "spec.podSelector")) and not at(one.inputs, "spec.egress")
                 for one in index.of("NetworkPolicy"))  # fmt: skip
    return f"closed but for DNS and {counted(len(names), 'named flow')}" if closed else ""


def _quota(one: Resource) -> str:
    hard = mapping(at(one.inputs, "spec.hard"))
    named = {
        "requests.cpu": "CPU",
        "requests.memory": "memory",
        "requests.storage": "storage",
        "pods": "pods",
    }
    parts = [f"{hard[key]} {noun}" for key, noun in named.items() if key in hard]
    return f"at most {', '.join(parts)}" if parts else ""


def _cluster_boxes(index: Index, found: Sequence[Flow]) -> list[Box]:
    """Front door, application, secrets, stores and volumes; the application first in its row."""
    peers = {
        one.urn: f"its nodes talk on {label(group)}"
        for one in index.workloads
        if (group := [flow for flow in found if flow.source is flow.target is one])
    }
    running = [objects.workload(index, one) for one in index.workloads if not objects.watches(index, one)]
    running = [
        replace(box, facts=(*box.facts, peers[box.id])) if box.id in peers and box.copies > 1 else box
        for box in running
    ]
    door = front(index)
    kept = [objects.claim(index, one) for one in index.of("PersistentVolumeClaim")]
    secret, watching = objects.secrets(index), objects.watching(index)
    return [
        *([door] if door else []),
        *(box for box in running if box.lane is Lane.APPLICATION),
        *([secret] if secret else []),
        *(box for box in running if box.lane is not Lane.APPLICATION),
        *([watching] if watching else []),
        *kept,
    ]


def _google_boxes(index: Index) -> list[Box]:
    alone = [google.secret_manager(index), google.keys(index)]
    last = [google.monitoring(index), google.logging(index)]
    each = [build(index, one) for kind, build in google.EACH.items() for one in index.of(kind)]
    return [box for box in (*alone, *each, *last) if box is not None]


def _with_feet(index: Index, boxes: Sequence[Box]) -> list[Box]:
    """The boxes, each with a count of the small objects that belong to its component."""
    owners: dict[str, str] = {}
    for box in boxes:
        if (one := index.by_urn.get(box.id)) is not None:
            owners.setdefault(one.parent, box.id)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in index.resources:
        if not one.is_object or one.kind in _SHOWN:
            continue
        owner = next((owners[each.urn] for each in index.ancestors(one) if each.urn in owners), None)
        if owner is not None:
            counts[owner][one.kind] += 1
    return [
        replace(box, foot=joined([counted(n, kind) for kind, n in sorted(counts[box.id].items())], ", "))
        if counts[box.id]
        else box
        for box in boxes
    ]


def _outside(index: Index, found: Sequence[Flow]) -> list[Box]:
    """The people, the internet, and servers elsewhere that the stack's file names."""
    told = objects.application_variables(index)
    models = [name for key, name in _MODELS.items() if told.get(key)]
    people = Box(
        id=PEOPLE, kind=Kind.PEOPLE, lane=Lane.OUTSIDE, scope=Scope.NONE, title="People", facts=("a browser",)
    )
    world = Box(
        id=WORLD, kind=Kind.WORLD, lane=Lane.OUTSIDE, scope=Scope.NONE, title="Internet",
        facts=(", ".join(models) or "model providers, once a key is set", "web pages"),
    )  # fmt: skip
    elsewhere = sorted({_elsewhere(one, told) for one in found if _end(index, one) == SERVERS})
    servers = Box(
        id=SERVERS, kind=Kind.SERVICE, lane=Lane.OUTSIDE, scope=Scope.NONE, title="Other servers",
        facts=tuple(elsewhere),
    )  # fmt: skip
    shown = {_end(index, one) for one in found}
    return [people, *(box for box in (servers, world) if box.id in shown)]


def _elsewhere(flow: Flow, told: dict[str, str]) -> str:
    """A server by its name: `ollama.models.svc`."""
    wanted = flow.name.rpartition("-to-")[2]
    url = told.get(_URLS.get(wanted, ""), "").partition("://")[2].partition("/")[0].partition(":")[0]
    host = url or (told.get("KOTAEMON_PG_HOST", "") if wanted == "postgres" else "")
    noun = {"postgres": "PostgreSQL", "openai": "OpenAI's API", "azure-openai": "Azure OpenAI"}.get(
        wanted, wanted
    )
    return f"{noun}: {host or flow.place}"


def _end(index: Index, flow: Flow) -> str:
    """Which box a flow ends at; "" where none shows it."""
    if flow.target is not None:
        return flow.target.urn
    databases = index.of(google.SQL)
    if databases and flow.name.endswith(("-to-postgres", "-to-cloud-sql")):
        return databases[0].urn
    return WORLD if flow.place == "0.0.0.0/0" and set(flow.ports) <= _WEB else SERVERS


def _flow_arrows(index: Index, found: Iterable[Flow], boxes: Sequence[Box]) -> list[Arrow]:
    """One arrow for all flows from box to box, with their ports."""
    shown = {box.id for box in boxes} | {WORLD, SERVERS}
    ends = [(one.source.urn if one.source else "front", _end(index, one), one) for one in found]
    ends = [one for one in ends if one[0] in shown and one[1] in shown and one[0] != one[1]]
    arrows = [
        Arrow(source=source, target=target, label=label(flow for _, _, flow in group))
        for (source, target), group in groupby(
            sorted(ends, key=lambda one: (one[0], one[1], one[2].name)), key=lambda one: (one[0], one[1])
        )
    ]
    if "front" in shown:
        return [Arrow(source=PEOPLE, target="front", label=ports(index)), *arrows]
    return arrows


def _data_arrows(index: Index, boxes: Sequence[Box]) -> list[Arrow]:
    """Volumes, secrets, backups, and the way in where there is no front door."""
    shown = {box.id for box in boxes}
    main = objects.application(index)
    arrows = [
        Arrow(source=owner.urn, target=one.urn, label="mounts", line=Line.DATA)
        for one in index.of("PersistentVolumeClaim")
        for owner in objects.mounting(index, one)
    ]
    if main is not None:
        if "front" not in shown:
            arrows.append(
                Arrow(source=PEOPLE, target=main.urn, label="make open: port-forward", line=Line.DATA)
            )
        if objects.SECRETS in shown:
            arrows.append(Arrow(source=objects.SECRETS, target=main.urn, label="reads", line=Line.DATA))
    if {"secret-manager", objects.SECRETS} <= shown:
        arrows.append(Arrow(source="secret-manager", target=objects.SECRETS, label="synced", line=Line.DATA))
    arrows += [
        Arrow(source=Scope.NAMESPACE.name, target=one.urn, label="backup", line=Line.DATA)
        for one in index.of(google.PLAN)
    ]
    return arrows
