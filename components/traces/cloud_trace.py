"""Google's side of sending traces to Cloud Trace."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi_kubernetes import core

from components.contracts import Flow
from components.kubernetes import metadata, selector
from components.network import INTERNET, METADATA_SERVERS

ROLE = "roles/cloudtrace.agent"


@dataclass(frozen=True, kw_only=True)
class GoogleTraces:
    """The project that keeps the traces, and what the collector's pod is to it."""

    project: pulumi.Input[str]
    project_id: str
    project_number: pulumi.Input[str]
    namespace_name: str
    identities: pulumi.Input[str]
    """The cluster's pool of workload identities, known once it is there: Google refuses a member of none."""


def writer(
    name: str, namespace: pulumi.Input[str], google: GoogleTraces, parent: pulumi.Resource
) -> tuple[core.v1.ServiceAccount, pulumi.Resource]:
    """The account that the pod runs as, and its right to write traces and nothing else.

    Source: docs.cloud.google.com/stackdriver/docs/instrumentation/opentelemetry-collector-gke.
    """
    child = pulumi.ResourceOptions(parent=parent)
    account = core.v1.ServiceAccount(
        name,
        metadata=metadata(name, namespace, name=name),
        automount_service_account_token=False,
        opts=child,
    )
    grant = gcp.projects.IAMMember(
        f"{name}-writer",
        project=google.project,
        role=ROLE,
        member=pulumi.Output.format(
            "principal://iam.googleapis.com/projects/{0}/locations/global/workloadIdentityPools/"
            "{1}/subject/ns/{2}/sa/{3}",
            google.project_number,
            google.identities,
            google.namespace_name,
            name,
        ),
        opts=child,
    )
    return account, grant


def google_flows(name: str) -> tuple[Flow, ...]:
    """To Google's API, and to where the pod gets its token."""
    return (
        Flow(name=f"{name}-to-cloud-trace", source=selector(name), destination=INTERNET, ports=(443,)),
        *(
            Flow(name=f"{name}-to-{server}", source=selector(name), destination=peer, ports=ports)
            for server, peer, ports in METADATA_SERVERS
        ),
    )
