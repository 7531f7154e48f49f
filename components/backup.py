"""Where backups lie on Google Cloud: a bucket that nobody can empty early, and Backup for GKE."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from .config.google import GoogleBackup

_DAY = 24 * 3600
_SOFT_DELETE_DAYS = 30
_RARELY_READ_AFTER_DAYS = 30
_LONGEST_LOCK_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class BackupsArgs:
    """What `Backups` needs."""

    settings: GoogleBackup
    prefix: str
    """What the names of its Google resources start with."""
    project: pulumi.Input[str]
    region: str
    cluster: pulumi.Input[str]
    """Full name of the GKE cluster."""
    namespace: pulumi.Input[str]
    key: pulumi.Input[str]
    """KMS key that encrypts both."""
    protect: bool
    shared_files: bool = False
    """Whether the namespace has a share of Filestore, whose data is not in these backups."""


def bucket_args(args: BackupsArgs) -> gcp.storage.BucketArgs:
    """The bucket. Source: cloud.google.com/storage/docs/bucket-lock, /soft-delete."""
    days, storage = args.settings.retention_days, gcp.storage
    return storage.BucketArgs(
        project=args.project,
        location=args.region,
        storage_class="STANDARD",
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        force_destroy=False,
        encryption=storage.BucketEncryptionArgs(default_kms_key_name=args.key),
        retention_policy=storage.BucketRetentionPolicyArgs(
            retention_period=str(days * _DAY), is_locked=args.settings.lock
        ),
        soft_delete_policy=storage.BucketSoftDeletePolicyArgs(
            retention_duration_seconds=_SOFT_DELETE_DAYS * _DAY
        ),
        lifecycle_rules=[
            *([_moved(_RARELY_READ_AFTER_DAYS)] if days > 2 * _RARELY_READ_AFTER_DAYS else []),
            storage.BucketLifecycleRuleArgs(
                action=storage.BucketLifecycleRuleActionArgs(type="Delete"),
                condition=storage.BucketLifecycleRuleConditionArgs(age=days + 1),
            ),
            storage.BucketLifecycleRuleArgs(
                action=storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
                condition=storage.BucketLifecycleRuleConditionArgs(age=7),
            ),
        ],
    )


def _moved(days: int) -> gcp.storage.BucketLifecycleRuleArgs:
    return gcp.storage.BucketLifecycleRuleArgs(
        action=gcp.storage.BucketLifecycleRuleActionArgs(type="SetStorageClass", storage_class="NEARLINE"),
        condition=gcp.storage.BucketLifecycleRuleConditionArgs(age=days),
    )


def plan_args(args: BackupsArgs) -> gcp.gkebackup.BackupPlanArgs:
    """The namespace's objects and volumes. Source: cloud.google.com/kubernetes-engine/docs/add-on/backup-for-gke."""
    days, backup = args.settings.retention_days, gcp.gkebackup
    return backup.BackupPlanArgs(
        project=args.project,
        location=args.region,
        cluster=args.cluster,
        backup_schedule=backup.BackupPlanBackupScheduleArgs(cron_schedule=args.settings.schedule),
        retention_policy=backup.BackupPlanRetentionPolicyArgs(
            backup_retain_days=days,
            # What may be taken down must not be held by its own backups.
            backup_delete_lock_days=min(days, _LONGEST_LOCK_DAYS) if args.protect else 0,
            locked=args.settings.lock,
        ),
        backup_config=backup.BackupPlanBackupConfigArgs(
            include_volume_data=True,
            # A share can't be in it; without this the backup of all the rest would fail.
            permissive_mode=args.shared_files or None,
            # Without them nothing could read what it restored.
            include_secrets=True,
            selected_namespaces=backup.BackupPlanBackupConfigSelectedNamespacesArgs(
                namespaces=[args.namespace]
            ),
            encryption_key=backup.BackupPlanBackupConfigEncryptionKeyArgs(gcp_kms_encryption_key=args.key),
        ),
    )


class Backups(pulumi.ComponentResource):
    """A bucket for backups of data services, and scheduled backups of the cluster's objects and volumes."""

    bucket: pulumi.Output[str]
    plan: pulumi.Output[str]
    """Its name."""

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Backups", name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        self.bucket = gcp.storage.Bucket(f"{args.prefix}-backup", bucket_args(args), kept).name
        self.plan = gcp.gkebackup.BackupPlan(args.prefix, plan_args(args), kept).name
        self.register_outputs({})
