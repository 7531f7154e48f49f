"""Google Cloud: databases, buckets and keys."""

import re
from collections.abc import Iterator

from policies.graph import Graph, Resource
from policies.rule import Rule, Subject, Violation, in_production, of_type, unmet, want
from policies.rules.data import BUCKET, SQL
from policies.values import UNKNOWN, absent, at, below, differs, items, number, shown

KEY = "gcp:kms/cryptoKey:CryptoKey"
ROTATION_DAYS = 90
SQL_FLAGS = {
    "log_connections": ("on",),
    "log_disconnections": ("on",),
    "log_statement": ("ddl", "mod", "all"),
    "log_min_messages": ("warning", "error", "notice", "info"),
    "log_min_error_statement": ("error", "warning", "notice", "info"),
    "log_min_duration_statement": ("-1",),
}
"""Flags and values; -1 keeps what users typed out of the log. Source: CIS Google Cloud Foundation Benchmark, 6.2."""
_DEFAULTS = {
    "log_min_messages": "warning",
    "log_min_error_statement": "error",
    "log_min_duration_statement": "-1",
}


def _is_private(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield from unmet(resource.inputs, want("settings.ipConfiguration.ipv4Enabled", False))
    ways = (
        at(resource.inputs, f"settings.ipConfiguration.{one}") for one in ("privateNetwork", "pscConfigs")
    )
    if all(absent(one) for one in ways):
        yield Violation("settings.ipConfiguration.privateNetwork", "isn't set")


def _can_be_restored(graph: Graph, resource: Resource) -> Iterator[Violation]:
    wants = [want("settings.backupConfiguration.enabled", True)]
    if graph.production:
        wants.append(want("settings.backupConfiguration.pointInTimeRecoveryEnabled", True))
    yield from unmet(resource.inputs, *wants)


def _has_a_window(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for part in ("day", "hour"):
        if at(resource.inputs, f"settings.maintenanceWindow.{part}") is None:
            yield Violation(f"settings.maintenanceWindow.{part}", "isn't set")


def _logs_what_cis_asks(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if not re.match("POSTGRES", str(resource.inputs.get("databaseVersion"))):
        return
    flags = at(resource.inputs, "settings.databaseFlags")
    if flags is UNKNOWN:
        return
    found = {at(one, "name"): at(one, "value") for one in items(flags)}
    if UNKNOWN in found:
        return
    for name, allowed in SQL_FLAGS.items():
        value = found.get(name, _DEFAULTS.get(name))
        if differs(value, *allowed):
            yield Violation(
                f"settings.databaseFlags[{name}]", f"is {shown(value)}, must be {' or '.join(allowed)}"
            )


def _keeps_what_is_deleted(graph: Graph, resource: Resource) -> Iterator[Violation]:
    kept = (
        at(resource.inputs, "versioning.enabled") in (True, UNKNOWN),
        not absent(at(resource.inputs, "retentionPolicy")),
        (number(at(resource.inputs, "softDeletePolicy.retentionDurationSeconds")) or 0) > 0,
    )
    if not any(kept):
        yield Violation("versioning", "isn't on, and there is no retention and no soft delete")


def _has_own_key(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if absent(at(resource.inputs, "encryption.defaultKmsKeyName")):
        yield Violation("encryption.defaultKmsKeyName", "isn't set")


def _rotates(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if differs(resource.inputs.get("purpose"), None, "ENCRYPT_DECRYPT"):
        return  # other keys can't rotate by themselves
    period = resource.inputs.get("rotationPeriod")
    seconds = number(str(period).removesuffix("s"))
    if period is not UNKNOWN and (seconds is None or seconds > ROTATION_DAYS * 86400):
        yield Violation("rotationPeriod", f"is {shown(period)}, must be at most {ROTATION_DAYS * 86400}s")


def _has_production_availability(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield from unmet(resource.inputs, want("settings.availabilityType", "REGIONAL"))


def _keeps_enough(graph: Graph, resource: Resource) -> Iterator[Violation]:
    path = "settings.backupConfiguration.backupRetentionSettings.retainedBackups"
    if below(at(resource.inputs, path), 7):
        yield Violation(path, f"is {shown(at(resource.inputs, path))}, must be at least 7")


RULES = (
    Rule(
        id="SQL-01", subject=Subject.GOOGLE, title="Cloud SQL has no public address", applies=of_type(SQL),
        check=_is_private,
        reason="A database on the internet is one leaked password from being read.",
        remedy="ipConfiguration: ipv4Enabled false, privateNetwork set",
    ),
    Rule(
        id="SQL-02", subject=Subject.GOOGLE, title="Cloud SQL takes encrypted connections alone", applies=of_type(SQL),
        check=lambda graph, resource: unmet(
            resource.inputs,
            want("settings.ipConfiguration.sslMode", "ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"),
        ),
        reason="Passwords and documents would cross the network in plain text.",
        remedy="ipConfiguration.sslMode: ENCRYPTED_ONLY",
    ),
    Rule(
        id="SQL-03", subject=Subject.GOOGLE, title="Cloud SQL can be restored", applies=of_type(SQL),
        check=_can_be_restored,
        reason="A bad migration or a wrong DELETE is undone by a backup; in production to the second before it.",
        remedy="backupConfiguration: enabled, and in production pointInTimeRecoveryEnabled",
    ),
    Rule(
        id="SQL-04", subject=Subject.GOOGLE, title="Cloud SQL keeps a week of backups in production",
        applies=in_production(of_type(SQL)), check=_keeps_enough,
        reason="What is damaged on Friday is noticed on Tuesday.",
        remedy="backupConfiguration.backupRetentionSettings.retainedBackups: 7 or more",
    ),
    Rule(
        id="SQL-05", subject=Subject.GOOGLE, title="Cloud SQL is regional in production",
        applies=in_production(of_type(SQL)), check=_has_production_availability,
        reason="A zone that fails would take every user, conversation and document with it.",
        remedy="settings.availabilityType: REGIONAL (kotaemon:postgres.availability)",
    ),
    Rule(
        id="SQL-06", subject=Subject.GOOGLE, title="Cloud SQL has query insights", applies=of_type(SQL),
        check=lambda graph, resource: unmet(
            resource.inputs, want("settings.insightsConfig.queryInsightsEnabled", True)
        ),
        reason="Without them nobody can say which query is slow, or since when.",
        remedy="settings.insightsConfig.queryInsightsEnabled: true",
    ),
    Rule(
        id="SQL-07", subject=Subject.GOOGLE, title="Cloud SQL is maintained at its hour", applies=of_type(SQL),
        check=_has_a_window,
        reason="Maintenance restarts the server; without a window at any hour.",
        remedy="settings.maintenanceWindow: day and hour",
    ),
    Rule(
        id="SQL-08", subject=Subject.GOOGLE, title="Cloud SQL logs who did what", applies=of_type(SQL),
        check=_logs_what_cis_asks,
        reason="After an incident these lines are all there is (CIS Google Cloud Foundation Benchmark, 6.2).",
        remedy="settings.databaseFlags: the flag that is named",
    ),
    Rule(
        id="BKT-01", subject=Subject.GOOGLE, title="buckets have uniform access", applies=of_type(BUCKET),
        check=lambda graph, resource: unmet(resource.inputs, want("uniformBucketLevelAccess", True)),
        reason="Access lists on single objects are seen by nobody.",
        remedy="uniformBucketLevelAccess: true",
    ),
    Rule(
        id="BKT-02", subject=Subject.GOOGLE, title="buckets can't be made public", applies=of_type(BUCKET),
        check=lambda graph, resource: unmet(resource.inputs, want("publicAccessPrevention", "enforced")),
        reason="One wrong grant would publish every document.",
        remedy="publicAccessPrevention: enforced",
    ),
    Rule(
        id="BKT-03", subject=Subject.GOOGLE, title="buckets keep what is deleted", applies=of_type(BUCKET),
        check=_keeps_what_is_deleted,
        reason="A backup that an intruder, or a script, can erase is none.",
        remedy="versioning, retentionPolicy or softDeletePolicy",
    ),
    Rule(
        id="BKT-04", subject=Subject.GOOGLE, title="buckets are encrypted under a key of ours in production",
        applies=in_production(of_type(BUCKET)), check=_has_own_key,
        reason="Disabling one key then closes every copy.",
        remedy="encryption.defaultKmsKeyName",
    ),
    Rule(
        id="KMS-01", subject=Subject.GOOGLE, title=f"keys rotate within {ROTATION_DAYS} days", applies=of_type(KEY),
        check=_rotates,
        reason="It bounds what one leaked version opens (CIS Google Cloud Foundation Benchmark, 1.10).",
        remedy=f"rotationPeriod: {ROTATION_DAYS * 86400}s or less",
    ),
)  # fmt: skip
