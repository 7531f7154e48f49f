"""Whether the internet is there, asked once a run and never for long."""

import functools
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

PROBED = "https://get.pulumi.com/"
PATIENCE = 1.5
"""Seconds. A closed network that drops packets costs this much, once a run."""


@functools.cache
def reachable() -> bool:
    """Whether Pulumi's downloads can be had; proxies of the environment are used."""
    answer = ask("HEAD", PROBED, PATIENCE, grace=0.3, follow_redirects=True)
    return not isinstance(answer, str) and answer.status_code < 500


def ask(
    method: str, url: str, patience: float, *, grace: float, follow_redirects: bool
) -> "httpx.Response | str":
    """The answer, or why there is none, after `patience` and `grace` seconds at most."""
    import httpx  # not every command asks

    told: list[httpx.Response | str] = []

    def question() -> None:
        try:
            told.append(httpx.request(method, url, timeout=patience, follow_redirects=follow_redirects))
        except (httpx.HTTPError, OSError) as error:
            told.append(str(error))

    # In a thread, since a name server that doesn't answer heeds no time-out of ours.
    asking = threading.Thread(target=question, daemon=True)
    asking.start()
    asking.join(patience + grace)
    return told[0] if told else "no answer"
