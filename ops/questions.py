"""What `make init` asks, and what of it is answered on the command line."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ops.placeholders import EXAMPLES
from ops.yaml_edit import Value

NOBODY = "-"
"""What to answer where nothing is an answer, and Enter takes what is proposed."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the command line says; None where it says nothing."""

    project: str | None = None
    domain: str | None = None
    members: str | None = None
    """Separated by commas or spaces; an empty text is nobody."""
    region: str | None = None
    zone: str | None = None

    def of(self, question: "Question") -> str | None:
        """The answer to a question."""
        answer: str | None = getattr(self, question.flag.lower())
        return answer

    def __bool__(self) -> bool:
        return any(value is not None for value in vars(self).values())


@dataclass(frozen=True, kw_only=True)
class Question:
    """One value that a stack's file may lack."""

    flag: str
    path: tuple[str, str] | tuple[str, str, str]
    text: str
    lacking: bool
    """Whether the file has nothing of one's own there."""
    required: bool = False
    """Whether nothing can go on without."""
    several: bool = False
    proposed: str = ""

    @property
    def key(self) -> str:
        """The key as messages name it."""
        return ".".join(self.path)

    def value(self, answer: str) -> Value:
        """An answer as it stands in the file."""
        return (
            re.split(r"[\s,]+", answer.strip(" ,")) if self.several and answer.strip(" ,") else answer.strip()
        )


def questions_of(config: Mapping[str, object], *, new: bool) -> list[Question]:
    """What this stack's kinds of cluster and front door take; the file lacks what is an example, or not there."""
    google, edge = section(config, "google"), section(config, "edge")
    found = []
    if google or str(section(config, "cluster").get("kind", "")).startswith("gke"):
        project, region = _own(google, "google", "project"), str(google.get("region", ""))
        fresh = new or not project
        found += [
            Question(
                flag="PROJECT", path=("kotaemon:google", "project"), lacking=fresh, required=not project,
                text="Google Cloud project (its id)", proposed=project,
            ),
            Question(
                flag="REGION", path=("kotaemon:google", "region"), lacking=fresh or not region,
                required=not region, text="Region, for good", proposed=region or "europe-west4",
            ),
        ]  # fmt: skip
    if edge.get("kind") in ("google", "gateway"):
        domain = "" if new else _own(edge, "edge", "domain")
        found.append(
            Question(
                flag="DOMAIN", path=("kotaemon:edge", "domain"), lacking=not domain, required=not domain,
                text="Domain under which people reach it", proposed=domain,
            )
        )  # fmt: skip
    if edge.get("kind") == "google":
        found += _of_googles_door(edge, fresh=not domain)
    return found


def _of_googles_door(edge: Mapping[str, object], *, fresh: bool) -> Iterator[Question]:
    dns, auth = _mapping(edge.get("dns")), _mapping(edge.get("auth"))
    zone = str(dns.get("zone", ""))
    yield Question(
        flag="ZONE", path=("kotaemon:edge", "dns", "zone"), lacking=fresh, proposed=zone,
        text="Cloud DNS zone for its record, by name (nothing: you set the record)",
    )  # fmt: skip
    if auth.get("kind", "iap") == "iap":
        members = auth.get("members")
        known = " ".join(map(str, members)) if isinstance(members, list) else ""
        yield Question(
            flag="MEMBERS", path=("kotaemon:edge", "auth", "members"), lacking=not known, several=True,
            text=f"Who may enter: user:…, group:…, domain:… ({NOBODY}: nobody yet)", proposed=known,
        )  # fmt: skip


def section(config: Mapping[str, object], name: str) -> Mapping[str, object]:
    """One of our sections of a stack's `config:`; empty where it isn't there."""
    return _mapping(config.get(f"kotaemon:{name}"))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _own(section: Mapping[str, object], name: str, key: str) -> str:
    """What stands there, if it isn't the example."""
    value = str(section.get(key, ""))
    return "" if value == EXAMPLES[f"kotaemon:{name}", key] else value
