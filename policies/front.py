"""Who stands before Kotaemon: a proxy that asks who somebody is, in its own pods or beside Kotaemon's container."""

from collections.abc import Iterable

from policies.graph import Graph
from policies.podspec import Container, PodSpec, pods_of
from policies.values import UNKNOWN, at, contains, entry, items, mapping, text

NAME = "app.kubernetes.io/name"
KOTAEMON = {NAME: "kotaemon"}
"""Labels of Kotaemon's pods."""
PROXIES = frozenset({"oauth2-proxy"})
"""Proxies that ask: the names of their images, and of their pods."""
PROBER, SCRAPERS = "blackbox-exporter", frozenset({"prometheus"})
"""Whose questions tell whether people can use Kotaemon, and who may have it ask them."""


def kotaemon(graph: Graph) -> list[PodSpec]:
    """What makes Kotaemon's pods."""
    found = [pods for one in graph.resources if (pods := pods_of(one)) is not None]
    return [pods for pods in found if contains(pods.labels, KOTAEMON)]


def proxied(pods: Iterable[PodSpec], port: object) -> bool:
    """Whether a port of these pods, by number or name, is a proxy's; also where that isn't known yet."""
    owners = [one for spec in pods for one in spec.containers() if _listens(one, port)]
    return port is UNKNOWN or (bool(owners) and all(_is_proxy(one) for one in owners))


def _listens(container: Container, port: object) -> bool:
    ports = container.at("ports")
    return ports is UNKNOWN or any(
        port in (at(one, "containerPort"), at(one, "name")) for one in items(ports)
    )


def _is_proxy(container: Container) -> bool:
    image = container.at("image")
    repository = (text(image) or "").partition("@")[0].rpartition("/")[2]
    return image is UNKNOWN or repository.partition(":")[0] in PROXIES


def is_prober_pod(labels: object) -> bool:
    """Whether pods of these labels are the prober: it asks for pages, and has no way to send anything."""
    return entry(labels, NAME) in (PROBER, UNKNOWN)


def is_proxy_pod(labels: object) -> bool:
    """Whether pods of these labels are a proxy's."""
    return labels is UNKNOWN or entry(mapping(labels), NAME) in (*PROXIES, UNKNOWN)
