"""Cloud Logging: a bucket of the stack's own, for a set time, and none of it twice."""

from functools import cache
from typing import Any

from components.config.logs import GoogleLogs
from components.logs.google import CloudLogging, CloudLoggingArgs, errors, of_namespace, probes
from tests.program import Evaluation, registered


@cache
def made() -> Evaluation:
    def program() -> None:
        CloudLogging(
            "logs",
            CloudLoggingArgs(
                settings=GoogleLogs(kind="google", retention_days=90),
                prefix="kotaemon-prod",
                project="p",
                region="europe-west4",
                cluster="kotaemon-prod",
                namespace="kotaemon",
            ),
        )

    return registered(program, stack="prod")


def inputs(kind: str) -> Any:
    return made().one(kind, "kotaemon-prod").inputs


def test_lines_are_kept_where_and_as_long_as_asked_for() -> None:
    bucket = inputs("ProjectBucketConfig")
    assert (bucket["location"], bucket["retentionDays"]) == ("europe-west4", 90)
    assert not bucket.get("locked")


def test_lines_of_the_stack_are_in_no_other_bucket() -> None:
    """Google's own would keep them for 30 days in another region, and bill them a second time."""
    sink, excluded = inputs("ProjectSink"), inputs("ProjectExclusion")
    assert sink["filter"] == excluded["filter"] == of_namespace("kotaemon-prod", "kotaemon")
    assert sink["destination"].startswith("logging.googleapis.com/")


def test_probes_are_kept_nowhere() -> None:
    (exclusion,) = inputs("ProjectSink")["exclusions"]
    assert exclusion["filter"] == probes()


def test_errors_are_counted_wherever_they_are_kept() -> None:
    """The metric has no bucket: it counts what any sink leaves out, too."""
    metric = inputs("Metric")
    assert "bucketName" not in metric
    assert metric["filter"] == errors("kotaemon-prod", "kotaemon")
    assert metric["metricDescriptor"]["metricKind"] == "DELTA"


def test_standard_error_alone_is_no_error() -> None:
    """GKE gives all of it the severity ERROR, and Python logs there whatever it logs."""
    assert "severity>=ERROR" in errors("c", "n")
    assert "OR severity" not in errors("c", "n")
    assert "jsonPayload:* AND severity>=ERROR" in errors("c", "n")


def test_filters_are_short_enough_for_google() -> None:
    """It takes 20,000 characters."""
    assert max(map(len, (errors("c" * 40, "n" * 63), probes()))) < 20_000
