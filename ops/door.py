"""The front door as somebody without a login meets it: closed, not there yet, or open to whoever comes.

Manifests can be right and the door open all the same: a policy that a controller didn't take, a route of somebody
else's. Behind it is an application that runs commands for whoever reaches it, so it is tried, not believed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from components.text import shorten
from ops import internet
from ops.stack import Session, stack_option

PATIENCE = 10.0
"""Seconds for one answer."""
PROBED = "/config"
"""A page of Gradio's that needs no login of Kotaemon's and tells all its API."""


class State(StrEnum):
    """How the door stands."""

    CLOSED = "closed"
    ABSENT = "not there yet"
    OPEN = "open"


@dataclass(frozen=True)
class Door:
    """What a stranger finds."""

    url: str
    state: State
    found: str
    advice: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """As `make status` shows it."""
        mark = {State.CLOSED: "ok ", State.ABSENT: "-- ", State.OPEN: "!! "}[self.state]
        return [f"{mark}Front door {self.url}  {self.found}", *(f"     → {tip}" for tip in self.advice)]


def of_stack(outputs: Mapping[str, object], session: Session) -> Door | None:
    """The stack's; None where it has none, or nothing runs behind it."""
    url = outputs.get("url")
    if not isinstance(url, str) or session.cluster.simulated:
        return None
    return knock(url, stack_option(session.stack))


def knock(url: str, option: str) -> Door:
    """Ask for a page without any login. `option` is what the make commands take for this stack."""
    # What a redirect leads to, the provider's own page, would say nothing of this door.
    answer = internet.ask("GET", f"{url.rstrip('/')}{PROBED}", PATIENCE, grace=2, follow_redirects=False)
    if isinstance(answer, str):
        tip = (
            "the name, the certificate and the load balancer take up to an hour after the DNS records are set"
        )
        return Door(url, State.ABSENT, f"doesn't answer yet: {shorten(answer, 120)}", (tip,))
    return judge(url, answer.status_code, answer.headers, option)


def judge(url: str, status: int, headers: Mapping[str, str], option: str) -> Door:
    """What an answer to a stranger means."""
    if 200 <= status < 300:
        return Door(
            url,
            State.OPEN,
            f"LETS IN WHOEVER COMES: it answered {status} without a sign-in",
            (
                "shut it now: kubectl delete httproute --all -n NAMESPACE; then find out why there is no sign-in",
                f"or take the door away: make pulumi{option} ARGS='config rm edge' && make up{option}",
            ),
        )
    if status in (401, 403, 407):
        return Door(url, State.CLOSED, f"asks for a sign-in ({status})")
    if 300 <= status < 400:
        where = urlsplit(headers.get("location", "")).hostname or urlsplit(url).hostname
        return Door(url, State.CLOSED, f"asks for a sign-in ({status} to {where})")
    return Door(
        url,
        State.ABSENT,
        f"answers {status}: nothing healthy is behind it",
        (f"make status{option} says what isn't",),
    )
