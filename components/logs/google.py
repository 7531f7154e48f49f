"""Cloud Logging: a bucket of the stack's own, filled from its namespace, and a count of errors.

Source: cloud.google.com/logging/docs/routing/overview, /docs/logs-based-metrics.
"""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.config.logs import GoogleLogs

from . import noise

_RAISED = r"(^|[^A-Za-z])(ERROR|CRITICAL|FATAL|PANIC)([^A-Za-z]|$)"


@dataclass(frozen=True, kw_only=True)
class CloudLoggingArgs:
    """What `CloudLogging` needs."""

    settings: GoogleLogs
    prefix: str
    """What the names of its Google resources start with."""
    project: pulumi.Input[str]
    region: str
    cluster: str
    """The GKE cluster's name."""
    namespace: str


def of_namespace(cluster: str, namespace: str) -> str:
    """The lines of the containers of a namespace."""
    return (
        'resource.type="k8s_container" '
        f'AND resource.labels.cluster_name="{cluster}" AND resource.labels.namespace_name="{namespace}"'
    )


def errors(cluster: str, namespace: str) -> str:
    """Those that tell of an error. GKE takes all of stderr for errors, where Python writes everything."""
    return (
        f"{of_namespace(cluster, namespace)} AND "
        f'(textPayload=~"{_RAISED}" OR textPayload:"Traceback (most recent call last)" '
        "OR (jsonPayload:* AND severity>=ERROR))"
    )


def probes() -> str:
    """Those about a probe that was answered well."""
    quoted = noise.expression().replace("\\", "\\\\").replace('"', '\\"')
    return f'textPayload=~"{quoted}"'


class CloudLogging(pulumi.ComponentResource):
    """The stack's lines in a bucket of its own, for a set time, and in no other."""

    bucket: pulumi.Output[str]
    """Full name of the bucket."""
    error_metric: pulumi.Output[str]
    """The metric that counts errors, by container, as logging.googleapis.com/user/NAME."""

    def __init__(self, name: str, args: CloudLoggingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:CloudLogging", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        logging, own = gcp.logging, of_namespace(args.cluster, args.namespace)
        self.bucket = logging.ProjectBucketConfig(
            args.prefix,
            project=args.project,
            location=args.region,
            bucket_id=f"{args.prefix}-logs",
            description=f"Logs of {args.namespace}",
            retention_days=args.settings.retention_days,
            opts=child,
        ).id
        sink = logging.ProjectSink(
            args.prefix,
            project=args.project,
            name=f"{args.prefix}-logs",
            destination=pulumi.Output.concat("logging.googleapis.com/", self.bucket),
            filter=own,
            unique_writer_identity=True,
            exclusions=[
                logging.ProjectSinkExclusionArgs(
                    name="probes", description="Probes that were answered well", filter=probes()
                )
            ],
            opts=child,
        )
        # Google's own bucket would keep them, and bill them, once more. Only when there is another that does.
        logging.ProjectExclusion(
            args.prefix,
            project=args.project,
            name=f"{args.prefix}-logs",
            description=f"In the bucket {args.prefix}-logs",
            filter=own,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[sink]),
        )
        metric = logging.Metric(
            args.prefix,
            project=args.project,
            name=f"{args.prefix}-errors",
            description="Lines that tell of an error",
            filter=errors(args.cluster, args.namespace),
            metric_descriptor=logging.MetricMetricDescriptorArgs(
                metric_kind="DELTA", value_type="INT64", unit="1", display_name="Errors in logs"
            ),
            opts=child,
        )
        self.error_metric = pulumi.Output.concat("logging.googleapis.com/user/", metric.name)
        self.register_outputs({})
