"""Services and Ingresses: can traffic arrive?"""

import time

from sandbox.providers.base import INFO, WARNING
from sandbox.providers.kubernetes.objects import rows, table, text

from .scene import Scene, Verdict

# Endpoints come and go while pods start. Once they have been still for so long, they count; the official
# provider waits ten seconds.
_SETTLED = 1.0
_NO_PODS = (
    "Service does not target any Pods. Selected Pods may not be ready, or "
    "field '.spec.selector' may not match labels on any Pods"
)


def service(scene: Scene) -> Verdict:
    """Ready when its selected pods are (having none is fine) and a load balancer has its address."""
    live = scene.live()
    if live is None:
        return Verdict(shown=[(INFO, "[1/3] Finding Pods to direct traffic to")])
    kind = text(live, "spec", "type")
    addressed = kind != "LoadBalancer" or bool(rows(live, "status", "loadBalancer", "ingress"))
    selects = (
        kind != "ExternalName"
        and text(live, "spec", "clusterIP") != "None"
        and bool(table(live, "spec", "selector"))
    )
    if not selects:
        reasons = (
            []
            if addressed
            else ["Service was not allocated an IP address; does your cloud provider support this?"]
        )
        return Verdict(done=addressed, reasons=reasons)
    entry = scene.related("v1", "endpoints", scene.name)
    subsets = rows(entry.obj, "subsets") if entry else []
    ready = any(rows(subset, "addresses") for subset in subsets)
    pending = any(rows(subset, "notReadyAddresses") for subset in subsets)
    still = time.monotonic() - max(entry.seen, scene.started) if entry else 0.0
    settled = entry is not None and still >= _SETTLED
    verdict = Verdict(done=addressed and settled and not pending, enough=addressed and not pending)
    if not verdict.done:
        if entry and not settled:
            verdict.again = _SETTLED - still
        step = "[2/3] Attempting to allocate IP address to Service" if settled and ready else None
        verdict.shown.append((INFO, step or "[1/3] Finding Pods to direct traffic to"))
        if not ready:
            verdict.reasons.append(_NO_PODS)
        if not addressed:
            verdict.reasons.append(
                "Service was not allocated an IP address; does your cloud provider support this?"
            )
    return verdict


def ingress(scene: Scene) -> Verdict:
    """Ready when it has an address and each path's service has endpoints, ready or not."""
    live = scene.live()
    if live is None:
        return Verdict(shown=[(INFO, "[1/3] Finding a matching service for each Ingress path")])
    missing = []
    for rule in rows(live, "spec", "rules"):
        for path in rows(rule, "http", "paths"):
            name = text(path, "backend", "service", "name") or text(path, "backend", "serviceName")
            if not name or scene.related("v1", "endpoints", name):
                continue
            found = scene.related("v1", "services", name)
            if found is None or text(found.obj, "spec", "type") != "ExternalName":
                where = (text(rule, "host") + text(path, "path")) or "(default path)"
                missing.append(f'"{where}" -> "{name}"')
    addressed = bool(rows(live, "status", "loadBalancer", "ingress"))
    verdict = Verdict(done=addressed and not missing)
    if verdict.done:
        return verdict
    if missing:
        verdict.shown.append((WARNING, f"No matching service found for ingress rule: {', '.join(missing)}"))
        verdict.reasons.append(
            "Ingress has at least one rule with an unavailable target endpoint: " + ", ".join(missing)
        )
    else:
        verdict.shown.append((INFO, "[2/3] Waiting for update of .status.loadBalancer with hostname/IP"))
    if not addressed:
        verdict.reasons.append(
            "Ingress .status.loadBalancer field was not updated with a hostname/IP address. "
            "\n    for more information about this error, see https://pulumi.io/xdv72s"
        )
    return verdict
