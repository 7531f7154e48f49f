"""What can go wrong with any pod of the namespace, a Job's too; and with the nodes that they run on.

Names are kube-state-metrics' from 2.0 on and cAdvisor's. Of them Google's managed packages have, of pods, only
`kube_pod_status_phase`, `…_unschedulable`, `kube_pod_container_status_ready`, `…_waiting_reason`; nothing of
Jobs, quotas and nodes, on which there are no alerts there; for restarts and limits there are GKE's system metrics,
which are always on. Source:
docs.cloud.google.com/kubernetes-engine/docs/how-to/kube-state-metrics and …/cadvisor-kubelet-metrics.
"""

from datetime import timedelta

from components.monitoring.subject import Group, Subject
from components.signals.model import Alert, Scope, Severity

from .label import of_pods

IMAGE_CANNOT_BE_PULLED = "ImageCannotBePulled"
CONTAINER_CANNOT_START = "ContainerCannotStart"
POD_CRASH_LOOPING = "PodCrashLooping"
POD_UNSCHEDULABLE = "PodUnschedulable"
CONTAINER_OUT_OF_MEMORY = "ContainerOutOfMemory"
CONTAINER_RESTARTS_OFTEN = "ContainerRestartsOften"
CONTAINER_NEAR_MEMORY_LIMIT = "ContainerNearMemoryLimit"
NODE_NOT_READY = "NodeNotReady"
_EACH = "by (namespace, pod, container)"


def pod_groups(subject: Subject) -> tuple[Group, ...]:
    """Pods, and where the metrics tell of them nodes and quota."""
    alerts = (*_waiting(subject), _unschedulable(subject), _throttled(subject), _autoscaler(subject.scope))
    if subject.managed:
        return (Group(name="pods", rules=(*alerts, *_of_google(subject))),)
    scope = subject.scope
    return (
        Group(name="pods", rules=(*alerts, *_memory(subject), _restarts(subject), _job_failed(scope))),
        Group(name="cluster", component="cluster", rules=(*_nodes(scope), _quota(scope))),
    )


def _waiting(subject: Subject) -> tuple[Alert, ...]:
    def because(reasons: str) -> str:
        series = f'kube_pod_container_status_waiting_reason{{{subject.scope},reason=~"{reasons}"}}'
        # Between two attempts a container runs or waits for another reason for a while.
        return of_pods(
            subject, f"max by (namespace, pod, container, reason) (max_over_time({series}[5m])) >= 1"
        )

    return (
        Alert(
            name=POD_CRASH_LOOPING,
            expr=because("CrashLoopBackOff"),
            severity=Severity.TICKET,
            summary="{{ $labels.container }} in {{ $labels.pod }} keeps ending soon after its start.",
        ),
        Alert(
            name=IMAGE_CANNOT_BE_PULLED,
            expr=because("ErrImagePull|ImagePullBackOff|InvalidImageName"),
            lasting=timedelta(minutes=10),
            severity=Severity.TICKET,
            summary="The image of {{ $labels.container }} in {{ $labels.pod }} can't be pulled.",
        ),
        Alert(
            name=CONTAINER_CANNOT_START,
            expr=because("CreateContainerConfigError|CreateContainerError|RunContainerError"),
            severity=Severity.TICKET,
            summary="{{ $labels.container }} in {{ $labels.pod }} can't be started ({{ $labels.reason }}): "
            "most often a Secret or ConfigMap is missing.",
        ),
    )


def _unschedulable(subject: Subject) -> Alert:
    return Alert(
        name=POD_UNSCHEDULABLE,
        expr=of_pods(
            subject, f"max by (namespace, pod) (kube_pod_status_unschedulable{{{subject.scope}}}) == 1"
        ),
        lasting=timedelta(minutes=15),
        severity=Severity.TICKET,
        summary="No node has room for {{ $labels.pod }}, and none was added in a quarter of an hour.",
    )


def _throttled(subject: Subject) -> Alert:
    def periods(kind: str) -> str:
        series = f'container_cpu_cfs_{kind}periods_total{{{subject.scope},container!="",container!="POD"}}'
        return f"sum {_EACH} (increase({series}[5m]))"

    return Alert(
        name="ContainerThrottled",
        expr=of_pods(subject, f"{periods('throttled_')} / ({periods('')} > 0) > 0.5"),
        lasting=timedelta(minutes=30),
        severity=Severity.TICKET,
        summary="{{ $labels.container }} in {{ $labels.pod }} waits for CPU in "
        "{{ $value | humanizePercentage }} of the time: its limit is too low for what people ask of it.",
    )


def _autoscaler(scope: Scope) -> Alert:
    def replicas(metric: str) -> str:
        return (
            f"max by (namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_{metric}{{{scope}}})"
        )

    return Alert(
        name="AutoscalerAtItsLimit",
        expr=f"{replicas('status_current_replicas')} >= {replicas('spec_max_replicas')}",
        lasting=timedelta(minutes=30),
        severity=Severity.TICKET,
        summary="{{ $labels.horizontalpodautoscaler }} has all the {{ $value }} replicas that it may have for half "
        "an hour: with more people it gets slow.",
    )


def _of_google(subject: Subject) -> tuple[Alert, Alert]:
    """What kube-state-metrics would tell of restarts and memory, by GKE's system metrics, which name pods otherwise."""
    chosen = f'monitored_resource="k8s_container",namespace_name="{subject.scope.namespace}"'

    def named(expr: str) -> str:
        kept = f"max by (namespace_name, pod_name, container_name) ({expr})"
        for ours, theirs in (
            ("namespace", "namespace_name"),
            ("pod", "pod_name"),
            ("container", "container_name"),
        ):
            kept = f'label_replace({kept}, "{ours}", "$1", "{theirs}", "(.*)")'
        return of_pods(subject, kept)

    used = f'kubernetes_io:container_memory_limit_utilization{{{chosen},memory_type="non-evictable"}}'
    restarts = f"increase(kubernetes_io:container_restart_count{{{chosen}}}[1h])"
    return (_near_limit(f"{named(used)} > 0.9"), _restarts_often(f"{named(restarts)} > 3"))


def _restarts(subject: Subject) -> Alert:
    series = f"kube_pod_container_status_restarts_total{{{subject.scope}}}"
    return _restarts_often(of_pods(subject, f"max {_EACH} (increase({series}[1h])) > 3"))


def _restarts_often(expr: str) -> Alert:
    return Alert(
        name=CONTAINER_RESTARTS_OFTEN,
        expr=expr,
        lasting=timedelta(0),
        severity=Severity.TICKET,
        summary="{{ $labels.container }} in {{ $labels.pod }} was restarted {{ $value }} times within an hour.",
    )


def _memory(subject: Subject) -> tuple[Alert, ...]:
    scope = subject.scope
    restarted = f"max {_EACH} (increase(kube_pod_container_status_restarts_total{{{scope}}}[15m])) > 0"
    killed = f'kube_pod_container_status_last_terminated_reason{{{scope},reason="OOMKilled"}}'
    used = f'container_memory_working_set_bytes{{{scope},container!="",container!="POD"}}'
    limit = f'kube_pod_container_resource_limits{{{scope},resource="memory"}}'
    return (
        Alert(
            name=CONTAINER_OUT_OF_MEMORY,
            expr=of_pods(
                subject, f"({restarted}) and on (namespace, pod, container) max {_EACH} ({killed}) == 1"
            ),
            lasting=timedelta(0),
            severity=Severity.TICKET,
            summary="{{ $labels.container }} in {{ $labels.pod }} was killed: it wanted more memory than its limit.",
        ),
        _near_limit(of_pods(subject, f"max {_EACH} ({used}) / max {_EACH} ({limit}) > 0.9")),
    )


def _near_limit(expr: str) -> Alert:
    return Alert(
        name=CONTAINER_NEAR_MEMORY_LIMIT,
        expr=expr,
        lasting=timedelta(minutes=15),
        severity=Severity.TICKET,
        summary="{{ $labels.container }} in {{ $labels.pod }} uses {{ $value | humanizePercentage }} "
        "of its memory limit; above it, it is killed.",
    )


def _job_failed(scope: Scope) -> Alert:
    return Alert(
        name="JobFailed",
        # A CronJob's next run may mend it, and its age is watched instead.
        expr=f'max by (namespace, job_name) (kube_job_failed{{{scope},condition="true"}}) == 1 '
        f'unless on (namespace, job_name) kube_job_owner{{{scope},owner_kind="CronJob"}}',
        severity=Severity.TICKET,
        summary="The Job {{ $labels.job_name }} failed for good; what it should have set up may be missing.",
    )


def _nodes(scope: Scope) -> tuple[Alert, ...]:
    # Nodes have no namespace: only those count on which pods of the stack are.
    ours = f"and on (node) kube_pod_info{{{scope}}}"
    pressure = 'condition=~"MemoryPressure|DiskPressure|PIDPressure",status="true"'
    return (
        Alert(
            name=NODE_NOT_READY,
            expr=f'max by (node) (kube_node_status_condition{{condition="Ready",status="true"}}) == 0 {ours}',
            severity=Severity.TICKET,
            summary="The node {{ $labels.node }} is lost; pods on it are moved, volumes of one zone with some delay.",
        ),
        Alert(
            name="NodeUnderPressure",
            expr=f"max by (node, condition) (kube_node_status_condition{{{pressure}}}) == 1 {ours}",
            severity=Severity.TICKET,
            summary="The node {{ $labels.node }} is short of something ({{ $labels.condition }}): "
            "it will evict pods.",
        ),
    )


def _quota(scope: Scope) -> Alert:
    def quota(kind: str) -> str:
        return f'max by (namespace, resourcequota, resource) (kube_resourcequota{{{scope},type="{kind}"}})'

    return Alert(
        name="QuotaNearlyUsed",
        expr=f"{quota('used')} / ({quota('hard')} > 0) > 0.9",
        lasting=timedelta(minutes=15),
        severity=Severity.TICKET,
        summary="{{ $value | humanizePercentage }} of the namespace's quota of {{ $labels.resource }} is taken: "
        "the next update or replica may be refused.",
    )
