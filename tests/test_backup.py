"""What backups on Google Cloud promise beyond the rules: how long they stay, and that nothing is deleted early."""

from collections.abc import Mapping
from typing import Any

import pytest

from components.backup import BackupsArgs, bucket_args, plan_args
from components.config.google import GoogleBackup

from .program import plain

DAYS = (1, 2, 7, 30, 60, 61, 90, 91, 365)
"""Of `retentionDays`, which takes 1 to 365."""


def backups(days: int, *, lock: bool = False, protect: bool = True) -> BackupsArgs:
    return BackupsArgs(
        settings=GoogleBackup(kind="google", retention_days=days, lock=lock),
        prefix="kotaemon-x", project="p", region="europe-west4", cluster="c", namespace="n", key="k", protect=protect,
    )  # fmt: skip


def ages(bucket: Mapping[str, Any], action: str) -> list[int]:
    """After how many days that happens to an object."""
    return [one["condition"]["age"] for one in bucket["lifecycle_rules"] if one["action"]["type"] == action]


@pytest.mark.parametrize("days", DAYS)
def test_nothing_is_deleted_before_its_retention_is_over(days: int) -> None:
    """Cloud Storage would try each day, and be refused."""
    bucket = plain(bucket_args(backups(days)))
    (deleted,) = ages(bucket, "Delete")
    retained = int(bucket["retention_policy"]["retention_period"])
    assert deleted * 24 * 3600 > retained == days * 24 * 3600


@pytest.mark.parametrize("days", DAYS)
def test_a_backup_is_locked_as_long_as_google_lets_it_be(days: int) -> None:
    """Google takes at most 90 days, and never more than the backup is kept."""
    retention = plain(plan_args(backups(days)))["retention_policy"]
    assert retention["backup_delete_lock_days"] == min(days, 90)
    assert retention["backup_retain_days"] == days


def test_a_stack_that_may_be_taken_down_is_not_held_by_its_backups() -> None:
    assert plain(plan_args(backups(7, protect=False)))["retention_policy"]["backup_delete_lock_days"] == 0


@pytest.mark.parametrize("days", DAYS)
def test_a_class_with_a_least_time_is_used_where_backups_stay_that_long(days: int) -> None:
    """Nearline is billed for 30 days at least: what goes sooner would cost more than it saves."""
    moved = ages(plain(bucket_args(backups(days))), "SetStorageClass")
    assert all(days - age >= 30 for age in moved)
    assert bool(moved) is (days > 60)


@pytest.mark.parametrize("lock", [True, False])
def test_a_lock_which_nobody_can_take_back_is_set_only_on_request(lock: bool) -> None:
    found = backups(30, lock=lock)
    assert plain(bucket_args(found))["retention_policy"]["is_locked"] is lock
    assert plain(plan_args(found))["retention_policy"]["locked"] is lock


def test_a_backup_holds_what_its_restore_needs() -> None:
    """Volumes without the Secrets that open them are lost, too."""
    config = plain(plan_args(backups(30)))["backup_config"]
    assert config["include_volume_data"] is True
    assert config["include_secrets"] is True
    assert config["selected_namespaces"] == {"namespaces": ["n"]}
