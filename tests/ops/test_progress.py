"""What is shown while an operation runs."""

from ops.progress import Progress

from .events import diagnostic, done, failed, pre, urn

DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def test_a_finished_resource_is_a_line_with_what_was_done_and_how_long_it_took() -> None:
    progress = Progress()
    assert progress.on(pre("create", DEPLOYMENT, "kotaemon", new={}), 10.0) == []
    assert progress.on(done("create", DEPLOYMENT, "kotaemon", new={}), 13.2) == [
        "+ Deployment/kotaemon created in 3.2 s"
    ]
    assert progress.summary() == "1 created"


def test_why_it_waits_is_the_last_thing_that_the_provider_said() -> None:
    progress = Progress()
    progress.on(pre("update", DEPLOYMENT, "kotaemon", old={}, new={}), 0.0)
    for severity, message in (
        ("info", "[1/2] Waiting for app"),
        ("warning", "[Pod app-1]: ImagePullBackOff"),
        ("warning", "[MinimumReplicasUnavailable] Deployment does not have minimum availability."),
    ):
        progress.on(diagnostic(severity, message, urn(DEPLOYMENT, "kotaemon")), 1.0)
    assert progress.waiting(5.0) == [
        "~ Deployment/kotaemon 5 s: [MinimumReplicasUnavailable] Deployment does not have minimum availability."
    ]


def test_what_passed_while_waiting_is_no_warning_at_the_end() -> None:
    progress = Progress()
    progress.on(pre("create", DEPLOYMENT, "kotaemon", new={}), 0.0)
    about = urn(DEPLOYMENT, "kotaemon")
    progress.on(diagnostic("warning", "[MinimumReplicasUnavailable] not yet", about), 1.0)
    progress.on(diagnostic("warning", "apps/v1beta1 is deprecated", about), 1.0)
    progress.on(diagnostic("warning", "apps/v1beta1 is deprecated", about), 1.0)
    assert progress.warnings == ["Deployment/kotaemon: apps/v1beta1 is deprecated"]


def test_an_error_is_kept_once_with_its_resource() -> None:
    progress = Progress()
    progress.on(pre("create", DEPLOYMENT, "kotaemon", new={}), 0.0)
    for _ in range(2):
        progress.on(diagnostic("error", "<{%fg 1%}>it broke<{%reset%}>\n", urn(DEPLOYMENT, "kotaemon")), 1.0)
    assert progress.on(failed("create", DEPLOYMENT, "kotaemon"), 2.0) == [
        "! Deployment/kotaemon failed after 2.0 s"
    ]
    assert progress.errors == [("Deployment/kotaemon", "it broke")]


def test_components_providers_and_what_stays_are_not_shown() -> None:
    progress = Progress()
    for operation, kind, custom in (
        ("create", "kotaemon:index:Platform", False),
        ("create", "pulumi:providers:kubernetes", True),
        ("same", DEPLOYMENT, True),
    ):
        progress.on(pre(operation, kind, "x", new={}, custom=custom), 0.0)
        assert progress.on(done(operation, kind, "x", new={}, custom=custom), 1.0) == []
    assert progress.summary() == "nothing changed"


def test_a_replacement_counts_once() -> None:
    progress = Progress()
    for operation in ("create-replacement", "replace", "delete-replaced"):
        progress.on(pre(operation, DEPLOYMENT, "x", old={}, new={}), 0.0)
        progress.on(done(operation, DEPLOYMENT, "x", old={}, new={}), 1.0)
    assert progress.summary() == "1 replaced"


def test_the_stacks_outputs_are_taken_from_its_event() -> None:
    progress = Progress()
    progress.on(
        done("same", "pulumi:pulumi:Stack", "s", new={}, outputs={"namespace": "kotaemon"}, custom=False), 0.0
    )
    assert progress.outputs == {"namespace": "kotaemon"}


def test_the_engines_talk_about_stand_ins_is_left_out() -> None:
    progress = Progress()
    assert progress.on(diagnostic("warning", "using pulumi-resource-random from $PATH at /x"), 0.0) == []
    assert progress.warnings == []
