"""Pods: what an intruder in one of them can do. Source: kubernetes.io, "Pod Security Standards"."""

from collections.abc import Iterator

from policies.graph import Graph, Resource
from policies.podspec import Container, PodSpec, makes_pods, podspec
from policies.rule import Rule, Subject, Violation
from policies.values import UNKNOWN, absent, at, differs, entry, items, mapping, present, text

USES_TOKEN = "policies.kotaemon/uses-token"  # noqa: S105 an annotation
"""The pods' annotation that says why they need the cluster's token."""

READS_NODE = "policies.kotaemon/reads-node"
"""The annotation of pods, and of their namespace, that says which of the node's files they read and why."""
_LOGS = "/var/log"

_VOLUMES = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
_SYSCTLS = (
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
)  # fmt: skip


def _effective(pods: PodSpec, container: Container, field: str) -> object:
    """A container's security setting, or its pod's where it has none."""
    own = container.at(f"securityContext.{field}")
    return own if own is not None else pods.at(f"securityContext.{field}")


def _runs_as_nobody(graph: Graph, resource: Resource) -> Iterator[Violation]:
    pods = podspec(resource)
    for container in pods.containers():
        where = f"{container.path}.securityContext"
        if differs(_effective(pods, container, "runAsNonRoot"), True):
            yield Violation(f"{where}.runAsNonRoot", "isn't true, in the container or its pod")
        if _effective(pods, container, "runAsUser") == 0:
            yield Violation(f"{where}.runAsUser", "is 0, root")


def _root_is_read_only(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for container in podspec(resource).containers():
        if differs(container.at("securityContext.readOnlyRootFilesystem"), True):
            yield Violation(f"{container.path}.securityContext.readOnlyRootFilesystem", "isn't true")


def _no_capabilities(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for container in podspec(resource).containers():
        where = f"{container.path}.securityContext.capabilities"
        dropped = container.at("securityContext.capabilities.drop")
        if dropped is not UNKNOWN and not {"ALL", UNKNOWN} & set(items(dropped)):
            yield Violation(f"{where}.drop", "doesn't hold ALL")
        for added in items(container.at("securityContext.capabilities.add")):
            if differs(added, "NET_BIND_SERVICE"):
                yield Violation(f"{where}.add", f"adds {added}")


def _gains_nothing(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for container in podspec(resource).containers():
        where = f"{container.path}.securityContext"
        if differs(container.at("securityContext.allowPrivilegeEscalation"), False):
            yield Violation(f"{where}.allowPrivilegeEscalation", "isn't false")
        if differs(container.at("securityContext.privileged"), False, None):
            yield Violation(f"{where}.privileged", "is true")


def _filters_system_calls(graph: Graph, resource: Resource) -> Iterator[Violation]:
    pods = podspec(resource)
    for container in pods.containers():
        if differs(_effective(pods, container, "seccompProfile.type"), "RuntimeDefault"):
            yield Violation(
                f"{container.path}.securityContext.seccompProfile.type",
                "isn't RuntimeDefault, in the container or its pod",
            )


def _leaves_the_node_alone(graph: Graph, resource: Resource) -> Iterator[Violation]:
    pods = podspec(resource)
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if differs(pods.at(field), False, None):
            yield Violation(f"{pods.path}.{field}", "is true")
    for path, volume in pods.volumes():
        for kind in mapping(volume).keys() - {"name", *_VOLUMES}:
            if kind == "hostPath" and _only_reads_logs(pods, volume):
                continue
            yield Violation(f"{path}.{kind}", "is no kind of volume that Pod Security restricted allows")
    for container in pods.containers():
        for port in items(container.at("ports")):
            if differs(at(port, "hostPort"), None, 0):
                yield Violation(f"{container.path}.ports", f"takes port {at(port, 'hostPort')} of the node")


def _only_reads_logs(pods: PodSpec, volume: object) -> bool:
    """Whether a volume is the node's logs, mounted read-only by pods that say why."""
    path, reason = at(volume, "hostPath.path"), entry(at(pods.metadata, "annotations"), READS_NODE)
    mounts = [
        mounted
        for container in pods.containers()
        for mounted in items(container.at("volumeMounts"))
        if at(mounted, "name") == at(volume, "name")
    ]
    return (
        not absent(reason)
        and (path is UNKNOWN or (f"{path}/".startswith(f"{_LOGS}/") and ".." not in str(path)))
        and not any(differs(at(one, "readOnly"), True) for one in mounts)
    )


def _keeps_the_nodes_guards(graph: Graph, resource: Resource) -> Iterator[Violation]:
    pods = podspec(resource)
    for setting in items(pods.at("securityContext.sysctls")):
        if differs(at(setting, "name"), *_SYSCTLS):
            yield Violation(f"{pods.path}.securityContext.sysctls", f"sets {at(setting, 'name')}")
    contexts = [(pods.path, pods.body), *((one.path, one.body) for one in pods.containers())]
    for path, body in contexts:
        context = at(body, "securityContext")
        if differs(at(context, "procMount"), None, "Default"):
            yield Violation(f"{path}.securityContext.procMount", "isn't Default")
        if differs(at(context, "appArmorProfile.type"), None, "RuntimeDefault", "Localhost"):
            yield Violation(f"{path}.securityContext.appArmorProfile.type", "turns AppArmor off")
        for field in ("user", "role"):
            if differs(at(context, f"seLinuxOptions.{field}"), None, ""):
                yield Violation(f"{path}.securityContext.seLinuxOptions.{field}", "is set")


def _has_no_token(graph: Graph, resource: Resource) -> Iterator[Violation]:
    pods = podspec(resource)
    if not absent(entry(at(pods.metadata, "annotations"), USES_TOKEN)):
        return
    if differs(pods.at("automountServiceAccountToken"), False):
        yield Violation(f"{pods.path}.automountServiceAccountToken", "isn't false, and nothing says why")
    for path, volume in pods.volumes():
        for source in items(at(volume, "projected.sources")):
            if at(source, "serviceAccountToken.audience") is None and present(
                at(source, "serviceAccountToken")
            ):
                yield Violation(path, "is a token for the API server, and nothing says why")


def _sees_no_service_links(graph: Graph, resource: Resource) -> Iterator[Violation]:
    pods = podspec(resource)
    if differs(pods.at("enableServiceLinks"), False):
        yield Violation(f"{pods.path}.enableServiceLinks", "isn't false")


def _is_pinned(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for container in podspec(resource).containers():
        image = text(container.at("image"))
        if container.at("image") is UNKNOWN:
            continue
        if image is None:
            yield Violation(f"{container.path}.image", "isn't set")
        elif "@sha256:" not in image and not _full_version(image):
            yield Violation(f"{container.path}.image", f"is {image}: neither a digest nor a full version")


def _full_version(image: str) -> bool:
    """Whether a tag begins with a version of three numbers, or two and a date or commit: v1.13.6-unprivileged."""
    _, colon, tag = image.rpartition("/")[2].partition(":")
    numbers = tag.removeprefix("v").split("-")[0].split(".")
    return bool(colon) and len(numbers) >= 3 and all(one[:1].isdigit() for one in numbers)


def _is_not_bitnami(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for container in podspec(resource).containers():
        image = text(container.at("image")) or ""
        if "bitnami" in image.lower():
            yield Violation(f"{container.path}.image", f"is {image}")


_RESTRICTED = "see pod_security and container_security in components/kubernetes.py"

RULES = (
    Rule(
        id="POD-01", subject=Subject.PODS, title="pods don't run as root", applies=makes_pods, check=_runs_as_nobody,
        reason="Root in a container is root on the node as soon as anything else gives way.",
        remedy=f"set runAsNonRoot: true and a runAsUser above 0; {_RESTRICTED}",
    ),
    Rule(
        id="POD-02", subject=Subject.PODS, title="root file systems are read-only", applies=makes_pods,
        check=_root_is_read_only,
        reason="What can't be written can't be replaced by an intruder, nor fill the node's disk.",
        remedy="set readOnlyRootFilesystem: true, and mount an emptyDir where the software writes",
    ),
    Rule(
        id="POD-03", subject=Subject.PODS, title="all capabilities are dropped", applies=makes_pods,
        check=_no_capabilities,
        reason="Capabilities are parts of root's power; a server on a high port needs none.",
        remedy=f"set capabilities.drop: [ALL] and add none; {_RESTRICTED}",
    ),
    Rule(
        id="POD-04", subject=Subject.PODS, title="nothing gains privileges", applies=makes_pods, check=_gains_nothing,
        reason="A setuid program in an image would give back what the other rules take away.",
        remedy=f"set allowPrivilegeEscalation: false; {_RESTRICTED}",
    ),
    Rule(
        id="POD-05", subject=Subject.PODS, title="system calls are filtered", applies=makes_pods,
        check=_filters_system_calls,
        reason="Most escapes from containers use system calls that no server needs.",
        remedy="set seccompProfile.type: RuntimeDefault on the pod",
    ),
    Rule(
        id="POD-06", subject=Subject.PODS, title="pods stay off the node's files, network and processes",
        applies=makes_pods, check=_leaves_the_node_alone,
        reason="The node's disk holds every other pod's secrets, its network the cloud's credentials.",
        remedy="use volume claims, Services and the pod's own network instead of hostPath, hostPort, hostNetwork; who "
        f"collects logs mounts {_LOGS} read-only, and says why in the pods' annotation {READS_NODE}",
    ),
    Rule(
        id="POD-07", subject=Subject.PODS, title="the node's own guards stay on", applies=makes_pods,
        check=_keeps_the_nodes_guards,
        reason="Pod Security restricted refuses such a pod, and the namespace enforces it.",
        remedy="leave procMount, AppArmor, SELinux and unsafe sysctls as the node has them",
    ),
    Rule(
        id="POD-08", subject=Subject.PODS, title="no cluster token unless it is used", applies=makes_pods,
        check=_has_no_token,
        reason="A token is what an intruder looks for first: it speaks to the API server as the pod.",
        remedy=f"set automountServiceAccountToken: false, or say why not in the pods' annotation {USES_TOKEN}",
    ),
    Rule(
        id="POD-09", subject=Subject.PODS, title="no addresses of other services in the environment",
        applies=makes_pods, check=_sees_no_service_links,
        reason="Kubernetes would add variables for each Service, and shadow settings of the same name.",
        remedy="set enableServiceLinks: false",
    ),
    Rule(
        id="POD-10", subject=Subject.PODS, title="images are pinned", applies=makes_pods, check=_is_pinned,
        reason="A floating tag is another program after the next restart, without a change that anybody reviewed.",
        remedy="name a digest (@sha256:…) or a full version; the stack's images are in components/images.py",
    ),
    Rule(
        id="POD-11", subject=Subject.PODS, title="no Bitnami images", applies=makes_pods, check=_is_not_bitnami,
        reason="Bitnami's public images are gone since September 2025; what is left gets no fixes.",
        remedy="use the project's own image",
    ),
)  # fmt: skip
