"""Chroma's signals. A server of 0.5 has no metrics page: whether it answers, its pods and its volume are what shows.

It can emit traces (kotaemon:traces). Source: chromadb/server/fastapi and chromadb/telemetry of 0.5.16.
"""

from components.contracts import Endpoint

from .model import Probe, ProbeModule, Watch, Workload, WorkloadKind

COMPONENT = "chroma"


def chroma_watch(server: Endpoint) -> Watch:
    """The Chroma server."""
    return Watch(
        component=COMPONENT,
        title="Chroma",
        loss="searching by meaning: answers fall back to words, and files uploaded meanwhile must be indexed again",
        workload=Workload(kind=WorkloadKind.STATEFUL_SET, name=server.host),
        claims=f"data-{server.host}-[0-9]+",
        probes=(
            Probe(
                name=COMPONENT,
                part="vector search",
                target=f"http://{server.address}/api/v2/heartbeat",
                module=ProbeModule.PAGE,
                to=server.peer,
                port=server.port,
            ),
        ),
    )
