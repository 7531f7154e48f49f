"""Whether the internet is there, asked once a run and never for long."""

import functools
import threading

PROBED = "https://get.pulumi.com/"
PATIENCE = 1.5
"""Seconds. A closed network that drops packets costs this much, once a run."""


@functools.cache
def reachable() -> bool:
    """Whether Pulumi's downloads can be had; proxies of the environment are used."""
    answered: list[bool] = []

    def ask() -> None:
        import httpx

        try:
            answered.append(httpx.head(PROBED, timeout=PATIENCE, follow_redirects=True).status_code < 500)
        except (httpx.HTTPError, OSError):
            answered.append(False)

    # In a thread, since a name server that doesn't answer heeds no time-out of ours.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE + 0.3)
    return bool(answered and answered[0])
