"""What the pods of monitoring have in common: how they run, and what of Kubernetes itself they reach."""

from collections.abc import Mapping, Sequence

import pulumi
import yaml
from pulumi_kubernetes import apps, core, meta, rbac

from components.config.section import Resources
from components.contracts import Flow, Peer
from components.kubernetes import (
    Probes,
    container_security,
    labels,
    metadata,
    mount,
    requirements,
    selector,
)

UID = 65534
"""Nobody, whom the images of Prometheus' family run as."""
USES_TOKEN = "policies.kotaemon/uses-token"  # noqa: S105  an annotation's name
"""Pods' annotation that says why they hold the cluster's token."""
_TOKEN = "token"  # noqa: S105  a volume's name
_TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105  where clients look for it
TOKEN_FILE = f"{_TOKEN_FOLDER}/token"
CA_FILE = f"{_TOKEN_FOLDER}/ca.crt"
_LINK_LOCAL = ("169.254.0.0/16",)
_ANYWHERE = Peer(cidr="0.0.0.0/0", excluded=_LINK_LOCAL)
_API_SERVER = (443, 6443, 8443, 16443)
KUBELET = 10250
"""Port on which every node tells its metrics, over TLS, to whoever may ask."""


class _Plain(yaml.SafeDumper):
    """Writes the same thing twice where it stands twice, instead of pointing at the first."""

    def ignore_aliases(self, data: object) -> bool:
        """Nothing is pointed at."""
        return True


def as_yaml(settings: Mapping[str, object]) -> str:
    """A program's settings as it reads them; the same ones give the same text."""
    return yaml.dump(dict(settings), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)


def server(
    name: str,
    image: str,
    arguments: Sequence[pulumi.Input[str]],
    resources: Resources,
    probes: Probes,
    *,
    ports: Sequence[tuple[str, int]],
    env: Sequence[core.v1.EnvVarArgs] = (),
    mounts: Sequence[core.v1.VolumeMountArgs] = (),
    disk: str = "128Mi",
) -> core.v1.ContainerArgs:
    """A container that serves on `ports`, pairs of a name and a number; `disk` bounds its logs and scratch."""
    return core.v1.ContainerArgs(
        name=name,
        image=image,
        args=list(arguments),
        env=list(env) or None,
        ports=[core.v1.ContainerPortArgs(name=port, container_port=number) for port, number in ports],
        resources=requirements(resources, disk=disk),
        security_context=container_security(),
        **probes,
        volume_mounts=list(mounts) or None,
    )


def one_pod(component: str, template: core.v1.PodTemplateSpecArgs) -> apps.v1.DeploymentSpecArgs:
    """A Deployment of one pod that keeps nothing: a new one starts before the old one ends."""
    return apps.v1.DeploymentSpecArgs(
        replicas=1,
        revision_history_limit=3,
        selector=meta.v1.LabelSelectorArgs(match_labels=selector(component)),
        template=template,
    )


def token_volume() -> core.v1.VolumeArgs:
    """The pod's own token, renewed every hour, and how to know the API server by its certificate.

    Said here, and not left to the cluster, so that the pod's manifest shows what it holds.
    Source: kubernetes.io, "Projected Volumes".
    """
    return core.v1.VolumeArgs(
        name=_TOKEN,
        projected=core.v1.ProjectedVolumeSourceArgs(
            default_mode=0o444,
            sources=[
                core.v1.VolumeProjectionArgs(
                    service_account_token=core.v1.ServiceAccountTokenProjectionArgs(
                        path="token", expiration_seconds=3607
                    )
                ),
                core.v1.VolumeProjectionArgs(
                    config_map=core.v1.ConfigMapProjectionArgs(
                        name="kube-root-ca.crt",
                        items=[core.v1.KeyToPathArgs(key="ca.crt", path="ca.crt")],
                    )
                ),
                core.v1.VolumeProjectionArgs(
                    downward_api=core.v1.DownwardAPIProjectionArgs(
                        items=[
                            core.v1.DownwardAPIVolumeFileArgs(
                                path="namespace",
                                field_ref=core.v1.ObjectFieldSelectorArgs(field_path="metadata.namespace"),
                            )
                        ]
                    )
                ),
            ],
        ),
    )


def token_mount() -> core.v1.VolumeMountArgs:
    """Where clients of Kubernetes look for the token."""
    return mount(_TOKEN, _TOKEN_FOLDER, read_only=True)


def to_api_server(component: str) -> Flow:
    """The flow to the API server, which has another address on each cluster: any address, on its usual ports."""
    return Flow(
        name=f"{component}-to-api-server",
        source=selector(component),
        destination=_ANYWHERE,
        ports=_API_SERVER,
    )


def to_kubelets(component: str) -> Flow:
    """The flow to the nodes themselves, whose addresses come and go: any address, on their port."""
    return Flow(
        name=f"{component}-to-kubelets", source=selector(component), destination=_ANYWHERE, ports=(KUBELET,)
    )


def identity(
    name: str,
    namespace: pulumi.Input[str],
    *,
    others: Sequence[pulumi.Output[str]],
    own: Sequence[rbac.v1.PolicyRuleArgs],
    cluster: Sequence[rbac.v1.PolicyRuleArgs],
    cluster_name: str,
    parent: pulumi.Resource,
) -> tuple[core.v1.ServiceAccount, list[pulumi.Resource]]:
    """Register a service account below `parent`, and what gives it its rights.

    `own` is what it may in its own and `others` of the stack's namespaces, `cluster` what it may beyond them;
    `cluster_name` must be unique in the cluster.
    """
    opts = pulumi.ResourceOptions(parent=parent)
    account = core.v1.ServiceAccount(
        name,
        metadata=metadata(name, namespace, name=name),
        automount_service_account_token=False,
        opts=opts,
    )
    wide = meta.v1.ObjectMetaArgs(name=cluster_name, labels=labels(name))
    subjects = [rbac.v1.SubjectArgs(kind="ServiceAccount", name=account.metadata.name, namespace=namespace)]
    made: list[pulumi.Resource] = []
    for number, space in enumerate((namespace, *others)):
        registered = f"{name}-{number}" if number else name
        here = metadata(name, space, name=name)
        role = rbac.v1.Role(registered, metadata=here, rules=list(own), opts=opts)
        made.append(
            rbac.v1.RoleBinding(
                registered,
                metadata=here,
                role_ref=_role("Role", role.metadata.name),
                subjects=subjects,
                opts=opts,
            )
        )
    cluster_role = rbac.v1.ClusterRole(f"{name}-cluster", metadata=wide, rules=list(cluster), opts=opts)
    return account, [
        *made,
        rbac.v1.ClusterRoleBinding(
            f"{name}-cluster",
            metadata=wide,
            role_ref=_role("ClusterRole", cluster_role.metadata.name),
            subjects=subjects,
            opts=opts,
        ),
    ]


def _role(kind: str, name: pulumi.Output[str]) -> rbac.v1.RoleRefArgs:
    return rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind=kind, name=name)
