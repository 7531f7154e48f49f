"""The report on what is ready and why not."""

import pytest

from ops import health, status
from ops.health import Item, Report, Snapshot

from . import objects as k8s


def only(seen: Snapshot) -> Item:
    report = health.report("kotaemon", seen)
    assert len(report.items) == 1
    return report.items[0]


def of_pod(pod: k8s.Json, *events: k8s.Json) -> Item:
    """The report on a Deployment whose one pod is this."""
    return only(
        Snapshot(
            deployments=[k8s.deployment()], replica_sets=[k8s.replica_set()], pods=[pod], events=list(events)
        )
    )


def test_a_ready_deployment_is_ready_and_says_nothing_more() -> None:
    item = only(Snapshot(deployments=[k8s.deployment(ready=1)]))
    assert item == Item("Deployment", "kotaemon", True, "1/1 ready")


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("ImagePullBackOff", "tag"),
        ("ErrImagePull", "tag"),
        ("InvalidImageName", "app.image"),
        ("CrashLoopBackOff", "kubectl logs --previous"),
        ("CreateContainerConfigError", "Secret or ConfigMap"),
    ],
)
def test_a_container_that_cannot_start_says_why_and_what_to_do(reason: str, advice: str) -> None:
    item = of_pod(k8s.pod(containerStatuses=k8s.waiting(reason, "the message")))
    assert not item.ready
    assert reason in item.reasons[0]
    assert "the message" in item.reasons[0]
    assert advice in item.advice[0]


def test_a_container_killed_for_memory_is_told_to_get_more() -> None:
    """The API says CrashLoopBackOff, which sends people to logs that hold nothing."""
    last = {"reason": "OOMKilled", "exitCode": 137}
    item = of_pod(k8s.pod(containerStatuses=k8s.waiting("CrashLoopBackOff", restarts=4, last=last)))
    assert "OOMKilled, exit code 137" in item.reasons[0]
    assert "4 restarts" in item.reasons[0]
    assert "memoryLimit" in item.advice[0]


def test_a_failing_probe_is_told_with_what_it_got() -> None:
    item = of_pod(
        k8s.pod(phase="Running", containerStatuses=k8s.running(restarts=2)),
        k8s.event("Pod", "kotaemon-1", "Unhealthy", "Readiness probe failed: HTTP 503"),
    )
    assert "runs but isn't ready, 2 restarts: Readiness probe failed: HTTP 503" in item.reasons[0]
    assert "probe" in item.advice[0]


def test_a_pod_that_just_starts_needs_no_advice() -> None:
    item = of_pod(k8s.pod(containerStatuses=k8s.waiting("ContainerCreating")))
    assert not item.ready
    assert item.advice == ()


def test_a_mount_that_fails_is_told_while_the_container_is_being_created() -> None:
    item = of_pod(
        k8s.pod(containerStatuses=k8s.waiting("ContainerCreating")),
        k8s.event("Pod", "kotaemon-1", "FailedMount", 'secret "x" not found'),
    )
    assert any('secret "x" not found' in reason for reason in item.reasons)


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("0/3 nodes are available: 3 Insufficient memory.", "memory left"),
        ("0/3 nodes are available: 3 Insufficient cpu.", "CPU left"),
        ("pod has unbound immediate PersistentVolumeClaims", "volume claim"),
        ("didn't match pod topology spread constraints", "zones"),
        ("1 node(s) had volume node affinity conflict", "another zone"),
    ],
)
def test_a_pod_that_no_node_takes_says_why(message: str, advice: str) -> None:
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    item = of_pod(k8s.pod(conditions=[unscheduled]))
    assert message in item.reasons[0]
    assert advice in item.advice[0]


def test_a_used_up_quota_is_found_although_there_is_no_pod() -> None:
    seen = Snapshot(
        deployments=[k8s.deployment()],
        replica_sets=[k8s.replica_set(have=0)],
        events=[
            k8s.event("ReplicaSet", "kotaemon-rs", "FailedCreate", "exceeded quota: quota, requested: cpu=1")
        ],
    )
    item = only(seen)
    assert "exceeded quota" in item.reasons[0]
    assert "namespace.quota" in item.advice[0]


def test_a_stateful_set_that_pod_security_refuses_says_so() -> None:
    seen = Snapshot(
        stateful_sets=[k8s.stateful_set("qdrant")],
        events=[k8s.event("StatefulSet", "qdrant", "FailedCreate", "violates PodSecurity restricted:latest")],
    )
    assert "podSecurity" in only(seen).advice[0]


def test_what_several_pods_have_in_common_is_said_once() -> None:
    pods = [
        k8s.pod(f"kotaemon-{n}", containerStatuses=k8s.waiting("ImagePullBackOff", "no such tag"))
        for n in range(3)
    ]
    seen = Snapshot(
        deployments=[k8s.deployment(wanted=3)], replica_sets=[k8s.replica_set(wanted=3, have=3)], pods=pods
    )
    assert only(seen).reasons == ("3 pods: container app: ImagePullBackOff: no such tag",)


def test_the_latest_warning_of_a_kind_is_the_one_that_counts() -> None:
    item = of_pod(
        k8s.pod(phase="Running", containerStatuses=k8s.running()),
        k8s.event("Pod", "kotaemon-1", "Unhealthy", "old", "2026-01-01T00:00:00Z"),
        k8s.event("Pod", "kotaemon-1", "Unhealthy", "new", "2026-01-01T00:05:00Z"),
    )
    assert "new" in item.reasons[0]
    assert "old" not in item.reasons[0]


def test_an_old_version_that_still_serves_is_not_ready() -> None:
    item = only(Snapshot(deployments=[k8s.deployment(wanted=2, ready=2, updatedReplicas=1)]))
    assert not item.ready
    assert item.reasons == ("rolling out: 1 of 2 pods are of the new version",)


def test_a_rollout_that_gave_up_says_so() -> None:
    condition = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": "timed out",
    }
    item = only(Snapshot(deployments=[k8s.deployment(conditions=[condition])]))
    assert "ProgressDeadlineExceeded: timed out" in item.reasons
    assert "old one keeps running" in item.advice[0]


@pytest.mark.parametrize(
    ("state", "ready", "told"),
    [
        ({"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}, True, "complete"),
        ({"active": 1}, False, "0/1 done"),
        (
            {
                "conditions": [
                    {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "m"}
                ]
            },
            False,
            "failed",
        ),
    ],
)
def test_a_job_is_ready_when_it_is_complete(state: k8s.Json, ready: bool, told: str) -> None:
    item = only(Snapshot(jobs=[{"metadata": k8s.meta("setup"), "spec": {"completions": 1}, "status": state}]))
    assert (item.ready, item.state) == (ready, told)


def test_the_pods_of_a_finished_job_are_not_asked_to_be_ready() -> None:
    ended = k8s.pod("setup-1", owner="uid-setup", phase="Succeeded")
    seen = Snapshot(
        jobs=[{"metadata": k8s.meta("setup"), "spec": {}, "status": {"succeeded": 1}}], pods=[ended]
    )
    assert health.report("kotaemon", seen).ready


def test_a_claim_that_gets_no_volume_says_why() -> None:
    seen = Snapshot(
        claims=[k8s.claim("data", storage_class="fast")],
        events=[
            k8s.event("PersistentVolumeClaim", "data", "ProvisioningFailed", 'storageclass "fast" not found'),
        ],
    )
    item = only(seen)
    assert item.state == "Pending 10Gi"
    assert "kubectl get storageclass" in item.advice[0]


def test_a_claim_without_any_storage_class_says_so() -> None:
    assert "there is none" in only(Snapshot(claims=[k8s.claim("data")])).reasons[0]


def test_a_service_is_ready_when_a_ready_pod_stands_behind_it() -> None:
    assert only(Snapshot(services=[k8s.service("app")], slices=[k8s.endpoint_slice("app")])).ready
    assert not only(
        Snapshot(services=[k8s.service("app")], slices=[k8s.endpoint_slice("app", ready=False)])
    ).ready
    assert not only(Snapshot(services=[k8s.service("app")], slices=[k8s.endpoint_slice("other")])).ready


def test_a_service_without_selector_is_not_ours_to_judge() -> None:
    assert health.report("kotaemon", Snapshot(services=[k8s.service("db", selector=False)])).items == ()


def test_a_pod_on_its_own_is_reported() -> None:
    assert only(Snapshot(pods=[k8s.pod("debug", owner="", ready=True)])).ready


def test_an_empty_namespace_is_not_ready() -> None:
    """Else `make status` would say all is well where nothing is."""
    assert not health.report("kotaemon", Snapshot()).ready


def test_what_is_not_ready_comes_last_next_to_the_prompt() -> None:
    report = Report(
        "kotaemon",
        (
            Item("Deployment", "a", False, "0/1 ready", ("because",), ("do this",)),
            Item("Service", "b", True, "1 ready behind it"),
        ),
    )
    assert status.lines(report) == [
        "ok Service b     1 ready behind it",
        "!! Deployment a  0/1 ready",
        "     because",
        "     → do this",
        "",
        "1 of 2 not ready in namespace kotaemon.",
    ]


def test_simulated_nodes_are_said_to_run_nothing() -> None:
    report = Report("kotaemon", (Item("Service", "b", True, "x"),), simulated=3)
    assert "no container runs" in status.lines(report)[-1]


def test_the_report_is_there_for_programs_too() -> None:
    item = Item("Deployment", "a", False, "0/1 ready", ("because",))
    found = health.as_json(Report("kotaemon", (item,), 3))
    assert found["ready"] is False
    assert found["items"] == [vars(item)]
