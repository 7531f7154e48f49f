"""Backups, certificates and versions as Kubernetes and a TLS server tell of them."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from components import images
from ops.report import backups, certificates, versions
from ops.report.backups import BACKUP, DRILL
from ops.report.model import Mark, moment, words, written
from ops.report.versions import Kubernetes, Versions
from tests.ops import objects as k8s

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


# Times --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=0), "0 s"),
        (timedelta(seconds=59.6), "1 min"),
        (timedelta(minutes=61), "1 h 1 min"),
        (timedelta(days=2, minutes=5), "2 d"),
        (timedelta(days=-1), "1 d"),
    ],
)
def test_a_duration_has_two_units_at_most(length: timedelta, said: str) -> None:
    assert words(length) == said


def test_times_are_read_as_everybody_writes_them_and_written_in_utc() -> None:
    assert written(moment("2026-11-21T13:00:00.123456789+01:00")) == "2026-11-21T12:00:00Z"
    assert written(moment("2026-11-21T12:00:00Z")) == "2026-11-21T12:00:00Z"
    assert moment("soon") is None
    assert moment(None) is None


# Backups ------------------------------------------------------------------------------------------------


def cron_job(name: str, component: str, **status: object) -> k8s.Json:
    labels = {"app.kubernetes.io/component": component}
    return {"metadata": {**k8s.meta(name), "labels": labels}, "spec": {"suspend": False}, "status": status}


def test_the_last_good_run_of_a_backup_is_told() -> None:
    cron = cron_job(
        "postgres-backup", "postgres-backup",
        lastScheduleTime="2026-11-21T03:00:00Z", lastSuccessfulTime="2026-11-21T03:02:00Z",
    )  # fmt: skip
    (run,) = backups.in_cluster([cron], [], BACKUP)
    line = run.line("Backup", NOW)
    assert line.mark is Mark.WELL
    assert line.found == "CronJob postgres-backup: 2026-11-21 03:02 UTC, 8 h 58 min ago"
    assert list(backups.in_cluster([cron], [], DRILL)) == []


@pytest.mark.parametrize(
    ("status", "says", "mark"),
    [
        ({}, "none has succeeded yet", Mark.LOOK),
        (
            {"lastScheduleTime": "2026-11-21T03:00:00Z", "lastSuccessfulTime": "2026-11-20T03:02:00Z"},
            "the last one failed",
            Mark.LOOK,
        ),
        (
            {
                "lastScheduleTime": "2026-11-21T03:00:00Z",
                "lastSuccessfulTime": "2026-11-20T03:02:00Z",
                "active": [{"name": "running"}],
            },
            "1 d 8 h ago",
            Mark.WELL,
        ),
    ],
    ids=["never", "failed", "under way"],
)
def test_a_backup_that_failed_is_no_backup(status: k8s.Json, says: str, mark: Mark) -> None:
    """The age of the last good one alone would hide it until it is too old."""
    (run,) = backups.in_cluster([cron_job("b", "backup", **status)], [], BACKUP)
    line = run.line("Backup", NOW)
    assert line.mark is mark
    assert line.found.endswith(says)


def test_a_restore_that_somebody_tried_by_hand_counts() -> None:
    labels = {"app.kubernetes.io/component": "restore-drill"}
    conditions = [{"type": "Failed", "status": "True"}]

    def job(name: str, started: str, **status: object) -> k8s.Json:
        return {"metadata": {"name": name, "labels": labels}, "status": {"startTime": started, **status}}

    good = job("drill-1", "2026-11-01T03:00:00Z", completionTime="2026-11-01T04:00:00Z")
    (run,) = backups.in_cluster([], [good], DRILL)
    assert run.line("Restore drill", NOW).mark is Mark.WELL
    (run,) = backups.in_cluster(
        [], [job("drill-2", "2026-11-20T03:00:00Z", conditions=conditions), good], DRILL
    )
    assert run.failed
    assert run.succeeded == moment("2026-11-01T04:00:00Z")


def test_a_job_that_is_neither_is_none_of_them() -> None:
    assert list(backups.in_cluster([cron_job("c", "cleanup")], [k8s.deployment("setup")], BACKUP)) == []


# Certificates -------------------------------------------------------------------------------------------


def pem(until: datetime, name: str = "127.0.0.1") -> tuple[bytes, bytes]:
    """A certificate for loopback, and its key."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(until - timedelta(days=90))
        .not_valid_after(until)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


@contextmanager
def door(folder: Path, until: datetime) -> Iterator[tuple[str, ssl.SSLContext]]:
    """A TLS server, and the trust that accepts its certificate."""
    certificate, key = pem(until)
    (folder / "tls.crt").write_bytes(certificate)
    (folder / "tls.key").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield (
            f"https://127.0.0.1:{server.server_port}",
            ssl.create_default_context(cafile=str(folder / "tls.crt")),
        )
    finally:
        server.shutdown()
        server.server_close()


def test_the_front_door_s_certificate_is_read_off_the_connection(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with door(tmp_path, now + timedelta(days=40)) as (url, trusted):
        found = certificates.of_door(url, trusted)
    assert found is not None
    assert found.until == now + timedelta(days=40)
    line = found.line(now)
    assert line.mark is Mark.WELL
    assert "(front door): until" in line.found
    assert line.found.endswith("40 d from now")


def test_a_certificate_that_ends_soon_wants_a_look_before_it_is_too_late(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with door(tmp_path, now + timedelta(days=10)) as (url, trusted):
        found = certificates.of_door(url, trusted)
    assert found is not None
    assert found.line(now).mark is Mark.LOOK
    assert found.line(now + timedelta(days=11)).mark is Mark.BAD
    assert "EXPIRED 1 d ago" in found.line(now + timedelta(days=11)).found


@pytest.mark.parametrize(
    ("left", "why"), [(timedelta(days=-1), "expired"), (timedelta(days=40), "self-signed")]
)
def test_a_certificate_that_browsers_refuse_is_told_with_their_reason(
    tmp_path: Path, left: timedelta, why: str
) -> None:
    with door(tmp_path, datetime.now(UTC) + left) as (url, trusted):
        found = certificates.of_door(url, trusted if why == "expired" else None)
    assert found is not None
    assert found.until is None
    assert why in found.problem
    assert found.line(NOW).mark is Mark.LOOK


def test_where_no_door_answers_nothing_is_said_of_its_certificate() -> None:
    """The door's own line says that nothing answers."""
    assert certificates.of_door("https://127.0.0.1:9") is None
    assert certificates.of_door("http://127.0.0.1:9") is None
    assert certificates.of_door("") is None


def test_cert_manager_s_certificates_say_until_when_or_why_not() -> None:
    issued = {
        "metadata": {"name": "edge"},
        "spec": {"dnsNames": ["kotaemon.example.com"]},
        "status": {
            "notAfter": "2027-01-01T00:00:00Z",
            "conditions": [{"type": "Ready", "status": "True", "message": "up to date"}],
        },
    }
    waiting = {
        "metadata": {"name": "edge"},
        "status": {"conditions": [{"type": "Ready", "status": "False", "message": "no such issuer"}]},
    }
    first, second = certificates.of_cert_manager([issued, waiting])
    assert (first.name, first.until, first.problem) == (
        "kotaemon.example.com",
        moment("2027-01-01T00:00:00Z"),
        "",
    )
    assert (second.name, second.until, second.problem) == ("edge", None, "no such issuer")
    assert second.line(NOW).found == "edge (cert-manager): no such issuer"


# Versions -----------------------------------------------------------------------------------------------


def pod(*running: str, **metadata: object) -> k8s.Json:
    return {"metadata": metadata, "spec": {"containers": [{"image": image} for image in running]}}


KOTAEMON = "ghcr.io/cinnamon/kotaemon:0.11.3-lite"


def test_what_runs_as_pinned_is_not_behind() -> None:
    found = versions.of_images([pod(KOTAEMON), pod(images.QDRANT), pod("example.com/sidecar:1")], KOTAEMON)
    assert [(image.running, image.behind) for image in found] == [(KOTAEMON, False), (images.QDRANT, False)]


def test_an_image_that_up_would_change_is_named_with_both_versions() -> None:
    """After a pull of this tree the pins are newer than what runs, and nobody sees it."""
    old = images.QDRANT.replace(":v", ":v0.")
    found = versions.of_images([pod("ghcr.io/cinnamon/kotaemon:0.10.0-lite"), pod(old)], KOTAEMON)
    line = Versions(images=found, kubernetes=None).line("make up")
    assert line.mark is Mark.LOOK
    assert "kotaemon:0.10.0-lite runs, 0.11.3-lite is pinned" in line.found
    assert f"{old} runs, {images.QDRANT.rpartition(':')[2]} is pinned" in line.found
    assert line.advice == ("make up",)


def test_a_digest_is_part_of_the_version() -> None:
    pinned = f"registry.example.com:5000/a/kotaemon:1.0@sha256:{'0' * 64}"
    (same,) = versions.of_images([pod(pinned)], pinned)
    (other,) = versions.of_images([pod(pinned.replace("0" * 64, "1" * 64))], pinned)
    assert not same.behind
    assert other.behind


def test_a_pod_that_is_going_counts_no_more() -> None:
    going = pod(images.QDRANT.replace(":v", ":v0."), deletionTimestamp="2026-11-21T00:00:00Z")
    assert versions.of_images([going, pod(images.QDRANT)])[0].behind is False


@pytest.mark.parametrize(
    ("cluster", "behind", "says"),
    [
        (Kubernetes(running="v1.34.4"), False, "v1.34.4 (whether there is a newer one isn't known)"),
        (
            Kubernetes(running="1.33.5-gke.10", channel="regular", offered="1.33.5-gke.9"),
            False,
            "up to its channel",
        ),
        (
            Kubernetes(
                running="1.33.5-gke.10", nodes=("1.32.9-gke.1",), channel="regular", offered="1.33.5-gke.10"
            ),
            True,
            "nodes 1.32.9-gke.1, channel regular has 1.33.5-gke.10",
        ),
    ],
)
def test_kubernetes_is_behind_where_its_channel_is_ahead(
    cluster: Kubernetes, behind: bool, says: str
) -> None:
    """By numbers: 1.33.5-gke.10 comes after 1.33.5-gke.9."""
    assert cluster.behind is behind
    line = Versions(images=(), kubernetes=cluster).line("make up")
    assert says in line.found
    assert line.mark is (Mark.LOOK if behind else Mark.WELL)
