"""The kinds of value in the parts of a stack's file that are about Google Cloud and the front door."""

import difflib
import ipaddress
import re
from datetime import date
from typing import Annotated

from .fields import _HOST, _LABEL
from .form import Text
from .mend import as_user, host_of, with_scheme
from .regions import ZONES

_RESERVED = ("localhost", "local", "internal", "invalid", "test", "svc", "home.arpa")


def _region(value: str) -> None:
    if value not in ZONES:
        close = difflib.get_close_matches(value, ZONES, n=3)
        raise ValueError(
            f"is not a region of Google Cloud; {'near it' if close else 'for example'}: "
            f"{', '.join(close) or 'europe-west4, us-central1, asia-northeast1'}"
        )


def _zone(value: str) -> None:
    if value not in {zone for zones in ZONES.values() for zone in zones}:
        region = value.rpartition("-")[0]
        known = ZONES.get(region) or ZONES["europe-west4"]
        raise ValueError(f"is not a zone of Google Cloud; such are: {', '.join(known)}")


def _location(value: str) -> None:
    if value not in ZONES:
        _zone(value)


def _cidr(value: str) -> None:
    try:
        ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"must be IPv4 addresses such as 10.10.0.0/20; {error}") from None


def _private_cidr(value: str) -> None:
    _cidr(value)
    network = ipaddress.IPv4Network(value)
    private = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
    if not any(network.subnet_of(ipaddress.IPv4Network(block)) for block in private):
        raise ValueError(f"must be private addresses, within {', '.join(private)}")


def network_of(value: str) -> str:
    """The network that an address with a mask lies in: 10.10.0.0/20 for 10.10.0.1/20."""
    return str(ipaddress.IPv4Interface(value).network)


def _domain(value: str) -> None:
    if len(value) > 253:
        raise ValueError("must have at most 253 characters")
    if re.fullmatch(r"[0-9.]+", value):
        raise ValueError("must be a domain name, not an address: no certificate is issued for one")
    for end in _RESERVED:
        if value == end or value.endswith(f".{end}"):
            raise ValueError(
                f"must be a public domain name; .{end} is none, so nobody issues a certificate for it"
            )


def _day(value: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a day of the calendar") from None


_CRON_FIELDS = {
    "minutes": (0, 59),
    "hours": (0, 23),
    "days of the month": (1, 31),
    "months": (1, 12),
    "days of the week": (0, 7),
}


def _cron(value: str) -> None:
    for part, (what, (least, most)) in zip(value.split(), _CRON_FIELDS.items(), strict=True):
        if not all(least <= int(number) <= most for number in re.findall(r"[0-9]+", part)):
            raise ValueError(
                f"must be a schedule of five cron fields, in which {what} are from {least} to {most}"
            )


def _https(value: str) -> None:
    if not value.startswith("https://"):
        raise ValueError("must be https://: what travels there signs people in")


ProjectId = Annotated[
    str,
    Text(
        pattern=r"[a-z][-a-z0-9]{4,28}[a-z0-9]",
        allowed="must be a project's id (not its name or number): 6 to 30 lower-case letters, digits and dashes, "
        "a letter first; `gcloud projects list` shows yours",
        example="my-project",
    ),
]

Region = Annotated[
    str,
    Text(pattern=r"[a-z]+-[a-z]+[0-9]+", allowed="must be a region, such as europe-west4", example="europe-west4",
         check=_region),
]  # fmt: skip

Zone = Annotated[
    str,
    Text(pattern=r"[a-z]+-[a-z]+[0-9]+-[a-z]", allowed="must be a zone, such as europe-west4-a",
         example="europe-west4-a", check=_zone),
]  # fmt: skip

Location = Annotated[
    str,
    Text(pattern=r"[a-z]+-[a-z]+[0-9]+(-[a-z])?", allowed="must be a region or a zone, such as europe-west4",
         example="europe-west4", check=_location),
]  # fmt: skip

_CIDR = r"[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}"
Cidr = Annotated[
    str,
    Text(pattern=_CIDR, allowed="must be IPv4 addresses with their mask, such as 203.0.113.0/24",
         example="203.0.113.0/24", check=_cidr, mends=(network_of,)),
]  # fmt: skip

PrivateCidr = Annotated[
    str,
    Text(pattern=_CIDR, allowed="must be private IPv4 addresses with their mask, such as 10.10.0.0/20",
         example="10.10.0.0/20", check=_private_cidr, mends=(network_of,)),
]  # fmt: skip

Domain = Annotated[
    str,
    Text(
        pattern=rf"({_LABEL}\.)+[a-z]([-a-z0-9]{{0,61}}[a-z0-9])",
        allowed="must be a lower-case domain name without scheme, port or path, such as kotaemon.example.com",
        example="kotaemon.example.com",
        check=_domain,
        mends=(host_of,),
    ),
]

MachineType = Annotated[
    str,
    Text(
        pattern=r"[a-z][a-z0-9]*-[a-z0-9]+(-[a-z0-9]+)*",
        allowed="must be a machine type, such as e2-standard-4; `gcloud compute machine-types list` shows them",
        example="e2-standard-4",
    ),
]

Accelerator = Annotated[
    str,
    Text(
        pattern=r"(nvidia|ct)[-a-z0-9]*",
        allowed="must be an accelerator, such as nvidia-l4; `gcloud compute accelerator-types list` shows them",
        example="nvidia-l4",
    ),
]

SqlTier = Annotated[
    str,
    Text(
        pattern=r"db-(custom-[0-9]+-[0-9]+|perf-optimized-N-[0-9]+|c4a-highmem-[0-9]+|f1-micro|g1-small)",
        allowed="must be a tier of Cloud SQL, such as db-custom-2-8192 (cores, then MiB)",
        example="db-custom-2-8192",
    ),
]

SecretId = Annotated[
    str,
    Text(
        pattern=r"[A-Za-z0-9_-]{1,255}",
        allowed="must be a secret's id in Secret Manager: letters, digits, '-' and '_'",
        example="openai-api-key",
    ),
]

Member = Annotated[
    str,
    Text(
        pattern=rf"((user|group|serviceAccount):[^\s@:]+@{_HOST}|domain:{_HOST})",
        allowed="must say who, as IAM does: user:ann@example.com, group:team@example.com or domain:example.com; "
        "allUsers would let everybody in",
        example="group:team@example.com",
        mends=(as_user,),
    ),
]

Email = Annotated[
    str,
    Text(pattern=rf"[^\s@:,]+@{_HOST}", allowed="must be an e-mail address", example="ops@example.com"),
]

ClientId = Annotated[
    str,
    Text(
        pattern=r"[A-Za-z0-9._~:/@-]{3,200}",
        allowed="must be the client's id as the identity provider shows it",
        example="kotaemon",
    ),
]

GroupName = Annotated[
    str,
    Text(
        pattern=r"[^\s,]{1,200}", allowed="must be a group without white space or comma", example="kotaemon"
    ),
]

IssuerUrl = Annotated[
    str,
    Text(
        pattern=rf"https?://{_HOST}(:[0-9]{{1,5}})?(/[^\s?#@]*)?",
        allowed="must be the identity provider's https:// URL, such as https://accounts.google.com",
        example="https://accounts.google.com",
        check=_https,
        mends=(with_scheme,),
    ),
]

Country = Annotated[
    str,
    Text(
        pattern=r"[A-Z]{2}",
        allowed="must be a country's two upper-case letters (ISO 3166), such as DE",
        example="DE",
        mends=(str.upper,),
    ),
]

DnsZone = Annotated[
    str,
    Text(
        pattern=r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
        allowed="must be the zone's name in Cloud DNS, not its domain: lower-case letters, digits and dashes, such as "
        "my-zone; `gcloud dns managed-zones list` shows yours",
        example="my-zone",
    ),
]

ClockTime = Annotated[
    str,
    Text(
        pattern=r"([01][0-9]|2[0-3]):[0-5][0-9]",
        allowed='must be a time of day in UTC, in quotes, such as "02:00"',
        example="02:00",
    ),
]

Date = Annotated[
    str,
    Text(
        pattern=r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
        allowed='must be a day, in quotes, such as "2026-12-20"',
        example="2026-12-20",
        check=_day,
    ),
]

Cron = Annotated[
    str,
    Text(
        pattern=r"[-0-9*,/]+( [-0-9*,/]+){4}",
        allowed="must be a schedule of five cron fields, in UTC, such as '0 3 * * *'",
        example="0 3 * * *",
        check=_cron,
    ),
]

GatewayClass = Annotated[
    str,
    Text(pattern=_HOST, allowed="must be the name of a GatewayClass; `kubectl get gatewayclass` shows yours",
         example="eg"),
]  # fmt: skip
