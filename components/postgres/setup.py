"""The Job that creates each application's role and database, and adds pgvector, on whichever server it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
from pulumi_kubernetes import batch, core

from components import images
from components.config.section import Resources
from components.contracts import ConfigMapRef, Endpoint, SecretRef
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
from components.secrets import GeneratedSecret, GeneratedSecretArgs

NAME = "postgres-setup"
MONITOR = "monitoring"
"""The role that reads statistics, and no table."""
UID = 999  # the image's user "postgres"
_SCRIPT = Path(__file__).with_name("setup.sh")
_CA = "/etc/postgres-ca"


@dataclass(frozen=True, kw_only=True)
class SetupArgs:
    """What `Setup` needs."""

    namespace: pulumi.Input[str]
    endpoint: Endpoint
    administrator: str
    """A role that may create roles, databases and the extension."""
    password: SecretRef
    """The administrator's."""
    passwords: Mapping[str, SecretRef] = field(default_factory=dict)
    """Database -> password of the role of the same name, which owns it."""
    owners: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Database -> role that becomes a member of the owner: one that is there already, and signs in otherwise."""
    monitor: SecretRef | None = None
    """Password of the role that reads statistics, where there is one."""
    ca: ConfigMapRef | None = None
    """Authority of the server's certificate; without one the connection isn't encrypted."""


def role_password(
    name: str, role: str, namespace: pulumi.Input[str], protect: bool, parent: pulumi.Resource
) -> GeneratedSecret:
    """Register a role's generated password, below the component `parent` of that `name`."""
    return GeneratedSecret(
        f"{name}-{role}",
        GeneratedSecretArgs(namespace=namespace, component="postgres", protect=protect),
        pulumi.ResourceOptions(parent=parent),
    )


def setup_pod(args: SetupArgs, script: pulumi.Input[str]) -> core.v1.PodTemplateSpecArgs:
    """The pod that runs the script, each time a password changes."""
    values: dict[str, pulumi.Input[str]] = {
        "PGHOST": args.endpoint.host,
        "PGPORT": str(args.endpoint.port),
        "PGUSER": args.administrator,
        "PGCONNECT_TIMEOUT": "5",
        "DATABASES": " ".join([*args.passwords, *args.owners]),
        **{f"OWNER_{database.upper()}": owner for database, owner in args.owners.items()},
    }
    mounts, volumes = (
        [mount("script", "/etc/postgres-setup", read_only=True)],
        [config_volume("script", script)],
    )
    if args.ca is not None:
        values |= {"PGSSLMODE": "verify-ca", "PGSSLROOTCERT": f"{_CA}/ca.crt"}
        mounts.append(mount("ca", _CA, read_only=True))
        volumes.append(ca_volume("ca", args.ca))
    container = core.v1.ContainerArgs(
        name=NAME,
        image=images.POSTGRES,
        command=["bash", "/etc/postgres-setup/setup.sh"],
        env=environment(
            values,
            {
                "PGPASSWORD": args.password,
                **{f"PASSWORD_{database.upper()}": ref for database, ref in args.passwords.items()},
                **({f"PASSWORD_{MONITOR.upper()}": args.monitor} if args.monitor else {}),
            },
        ),
        resources=requirements(Resources(cpu="50m", memory="64Mi", cpu_limit="500m")),
        security_context=container_security(),
        volume_mounts=mounts,
    )
    return pod(NAME, UID, containers=[container], volumes=volumes, one_shot=True)


def set_up(name: str, args: SetupArgs, parent: pulumi.Resource, server: pulumi.Resource) -> None:
    """Register the Job, below `parent` and after `server`. It waits by itself until the server answers."""
    script = core.v1.ConfigMap(
        name,
        metadata=metadata(NAME, args.namespace),
        data={"setup.sh": _SCRIPT.read_text(encoding="utf-8")},
        immutable=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    batch.v1.Job(
        name,
        metadata=metadata(NAME, args.namespace),
        spec=batch.v1.JobSpecArgs(
            backoff_limit=10,
            active_deadline_seconds=900,
            template=setup_pod(args, script.metadata.name),
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[server]),
    )
