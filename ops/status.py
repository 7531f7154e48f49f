"""`make status`: what is ready, what isn't, and why; and how well the stack keeps its promises."""

import json
from collections.abc import Callable

from ops import door, health
from ops.api import Api
from ops.errors import ReportedError
from ops.google import uses_google
from ops.outputs import cluster_of, namespace, outputs
from ops.stack import Session

SIMULATED = "kwok.x-k8s.io/node"
"""The annotation of a node that runs nothing."""


def status(session: Session, say: Callable[[str], object], *, as_json: bool) -> None:
    """Show the report. Raises ReportedError(1) where not all is well, OpsError where nothing can be told."""
    made = outputs(session)
    space = namespace(session, made)
    from ops.report import text  # imports Pulumi, by way of the settings
    from ops.report.collect import Asked, collect
    from ops.report.document import document

    with Api(cluster_of(session, made)) as api:
        seen = snapshot(api, space)
        front = door.of_stack(made, session)
        asked = Asked(session=session, outputs=made, namespace=space, api=api, pods=seen.pods, jobs=seen.jobs)
        found = collect(asked)
    ready = health.report(space, seen)
    well = ready.ready and found.well and (front is None or front.state is door.State.CLOSED)
    if as_json:
        say(json.dumps(document(session.stack, ready, front, found, well=well), indent=2))
    else:
        told = text.lines(found, asked.option, uses_google(session.config))
        for line in [*lines(ready), "", *(front.lines() if front else []), *told]:
            say(line)
    if not well:
        raise ReportedError(1)


def snapshot(api: Api, namespace: str) -> health.Snapshot:
    """All that the report looks at. Raises OpsError where the API server doesn't answer."""

    def listed(group: str, plural: str) -> list[health.Object]:
        return list(api.items(f"/{group}/namespaces/{namespace}/{plural}"))

    nodes = api.items("/api/v1/nodes")
    return health.Snapshot(
        deployments=listed("apis/apps/v1", "deployments"),
        replica_sets=listed("apis/apps/v1", "replicasets"),
        stateful_sets=listed("apis/apps/v1", "statefulsets"),
        daemon_sets=listed("apis/apps/v1", "daemonsets"),
        jobs=listed("apis/batch/v1", "jobs"),
        pods=listed("api/v1", "pods"),
        claims=listed("api/v1", "persistentvolumeclaims"),
        services=listed("api/v1", "services"),
        slices=listed("apis/discovery.k8s.io/v1", "endpointslices"),
        events=listed("api/v1", "events"),
        simulated=sum(
            health.part(node, "metadata", "annotations").get(SIMULATED) == "fake" for node in nodes
        ),
    )


def lines(found: health.Report) -> list[str]:
    """The report as text: what isn't ready last, with its reasons, so that it is next to the prompt."""
    if not found.items:
        return [f"Nothing is in namespace {found.namespace}: make up"]
    width = max(len(f"{item.kind} {item.name}") for item in found.items)
    result = []
    for item in sorted(found.items, key=lambda one: not one.ready):
        mark = "ok " if item.ready else "!! "
        result.append(f"{mark}{f'{item.kind} {item.name}':{width}}  {item.state}")
        result += [f"     {reason}" for reason in item.reasons]
        result += [f"     → {tip}" for tip in item.advice]
    waiting = sum(not item.ready for item in found.items)
    total = f"{waiting} of {len(found.items)} not ready" if waiting else f"All {len(found.items)} ready"
    result += ["", f"{total} in namespace {found.namespace}."]
    if found.simulated:
        result.append(
            f"{found.simulated} simulated nodes: their pods are called ready, and no container runs in them."
        )
    return result
