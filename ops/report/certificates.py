"""How long the certificates hold: as the front door shows them, as cert-manager and as Google say."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ops.health import Object, name_of, part, parts

from .cloud import Cloud
from .model import Line, Mark, moment, shown, words

SOON = timedelta(days=14)
"""Whoever renews does it earlier: cert-manager and Google 30 days before the end."""
PATIENCE = 5.0


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """One certificate, by whoever tells of it."""

    name: str
    """The domain."""
    source: str
    until: datetime | None
    problem: str = ""
    """Why it can't be used, or isn't there."""

    def expired(self, now: datetime) -> bool:
        """Whether browsers refuse it by now."""
        return self.until is not None and self.until <= now

    def line(self, now: datetime) -> Line:
        """As people read it."""
        if self.until is None:
            return self._line(Mark.LOOK, self.problem or "not there yet")
        if self.expired(now):
            return self._line(Mark.BAD, f"EXPIRED {words(now - self.until)} ago{self._because}")
        left = f"until {shown(self.until)}, {words(self.until - now)} from now{self._because}"
        return self._line(Mark.LOOK if self.problem or self.until - now < SOON else Mark.WELL, left)

    @property
    def _because(self) -> str:
        return f"; {self.problem}" if self.problem else ""

    def _line(self, mark: Mark, found: str) -> Line:
        return Line(mark=mark, name="Certificate", found=f"{self.name} ({self.source}): {found}")


def of_door(url: str, trusted: ssl.SSLContext | None = None) -> Certificate | None:
    """What the front door shows whoever comes; None where nothing answers there, which the door's line says.

    `trusted` replaces the system's authorities, in tests.
    """
    parts_of_url = urlsplit(url)
    host, port = parts_of_url.hostname or "", parts_of_url.port or 443
    if parts_of_url.scheme != "https":
        return None
    context = trusted or ssl.create_default_context()
    try:
        with (
            socket.create_connection((host, port), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            shown_one = secure.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return Certificate(
            name=host, source="front door", until=None, problem=f"refused: {error.verify_message}"
        )
    except OSError:
        return None
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown_one["notAfter"])), UTC)
    return Certificate(name=host, source="front door", until=until)


def of_cert_manager(listed: Sequence[Object]) -> Iterator[Certificate]:
    """Its Certificates."""
    for one in listed:
        names = part(one, "spec").get("dnsNames")
        ready = next((c for c in parts(one, "status", "conditions") if c.get("type") == "Ready"), {})
        yield Certificate(
            name=str(names[0]) if isinstance(names, list) and names else name_of(one),
            source="cert-manager",
            until=moment(part(one, "status").get("notAfter")),
            problem="" if ready.get("status") == "True" else str(ready.get("message") or "not issued yet"),
        )


def of_google(cloud: Cloud, domain: str) -> Iterator[Certificate]:
    """Certificate Manager's for the domain. Raises NotKnownError.

    Source: cloud.google.com/certificate-manager/docs/reference/certificate-manager/rest.
    """
    base = f"{cloud.endpoints.certificates}/v1/projects/{cloud.project}/locations/global/certificates"
    for one in cloud.listed(base, "certificates"):
        managed = part(one, "managed")
        domains = managed.get("domains")
        if not isinstance(domains, list) or domain not in domains:
            continue
        state = str(managed.get("state", ""))
        issue = part(managed, "provisioningIssue")
        why = " ".join(str(issue.get(key)) for key in ("reason", "details") if issue.get(key))
        yield Certificate(
            name=domain,
            source="Certificate Manager",
            until=moment(one.get("expireTime")),
            problem="" if state == "ACTIVE" else f"{state.lower()}{f': {why}' if why else ''}",
        )
