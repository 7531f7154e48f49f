"""The Job that tells an existing Elasticsearch how long to keep logs. Source: elastic.co, "Index lifecycle" (8.x)."""

import json
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_kubernetes import batch, core

from components import images
from components.config.logs import ElasticsearchLogs
from components.config.section import Resources
from components.contracts import ConfigMapRef, SecretRef
from components.kubernetes import (
    ca_volume,
    config_volume,
    container_security,
    environment,
    metadata,
    mount,
    pod,
    requirements,
)

NAME = "logs-lifecycle"
_SCRIPT = Path(__file__).parent / "files" / "elasticsearch.sh"
_UID = 65532
_FILES, _CA = "/etc/logs", "/etc/logs-ca"


def policy(days: int) -> dict[str, object]:
    """A new index each day, or each 5 GB; each is deleted `days` after it was the newest."""
    return {
        "policy": {
            "phases": {
                "hot": {
                    "actions": {"rollover": {"max_age": "1d", "max_primary_shard_size": "5gb"}},
                },
                "delete": {"min_age": f"{days}d", "actions": {"delete": {}}},
            }
        }
    }


def template(index: str) -> dict[str, object]:
    """A data stream of that name. Fields that only some programs have can't clash, and don't make the mapping grow."""
    keyword = {"type": "keyword", "ignore_above": 1024}
    names = ("namespace", "pod", "container", "node", "stream", "level", "logger", "trace_id", "span_id")
    return {
        "index_patterns": [index],
        "data_stream": {},
        "priority": 500,
        "template": {
            "settings": {"index.lifecycle.name": index},
            "mappings": {
                "dynamic": False,
                "properties": {
                    "@timestamp": {"type": "date_nanos"},
                    "message": {"type": "text"},
                    "fields": {"type": "flattened", "ignore_above": 8191},
                    **dict.fromkeys(names, keyword),
                },
            },
        },
    }


@dataclass(frozen=True, kw_only=True)
class LifecycleArgs:
    """What `lifecycle` needs."""

    settings: ElasticsearchLogs
    namespace: pulumi.Input[str]
    password: SecretRef | None
    ca: ConfigMapRef | None


def lifecycle_pod(args: LifecycleArgs, files: pulumi.Input[str]) -> core.v1.PodTemplateSpecArgs:
    """The pod that asks once, and again until it is answered."""
    to = args.settings
    values: dict[str, pulumi.Input[str]] = {"LOGS_URL": to.url, "LOGS_INDEX": to.index}
    mounts, volumes = [mount("files", _FILES, read_only=True)], [config_volume("files", files)]
    if to.username is not None:
        values["LOGS_USER"] = to.username
    if args.ca is not None:
        values["LOGS_CA"] = f"{_CA}/ca.crt"
        mounts.append(mount("ca", _CA, read_only=True))
        volumes.append(ca_volume("ca", args.ca))
    container = core.v1.ContainerArgs(
        name=NAME,
        image=images.CURL,
        command=["sh", f"{_FILES}/elasticsearch.sh"],
        env=environment(values, {"LOGS_PASSWORD": args.password} if args.password else {}),
        resources=requirements(Resources(cpu="20m", memory="32Mi", cpu_limit="200m")),
        security_context=container_security(),
        volume_mounts=mounts,
    )
    return pod(NAME, _UID, containers=[container], volumes=volumes, one_shot=True)


def lifecycle(name: str, args: LifecycleArgs, parent: pulumi.Resource) -> batch.v1.Job:
    """Register the Job, below `parent`; what it says is in its ConfigMap, so that a change runs it again."""
    files = core.v1.ConfigMap(
        name,
        metadata=metadata(NAME, args.namespace),
        data={
            "elasticsearch.sh": _SCRIPT.read_text(encoding="utf-8"),
            "policy.json": json.dumps(policy(args.settings.retention_days), indent=2),
            "template.json": json.dumps(template(args.settings.index), indent=2),
        },
        immutable=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return batch.v1.Job(
        name,
        metadata=metadata(NAME, args.namespace),
        spec=batch.v1.JobSpecArgs(
            backoff_limit=10,
            active_deadline_seconds=900,
            template=lifecycle_pod(args, files.metadata.name),
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )
