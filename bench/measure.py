"""What every benchmark says and does; the standard library alone, as each runs in an environment of its own."""

import os
import platform
import statistics
import time
from collections.abc import Callable


def machine() -> str:
    """What this was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )


def seconds(operation: Callable[[], object], runs: int = 1) -> float:
    """The duration of an operation, the median of its runs."""
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        operation()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
