"""Progress on a terminal, and the same as plain lines where there is none."""

import sys
import time
from types import TracebackType


class Step:
    """One line that says what is being done, for how long, and how long it usually takes.

    On a terminal the line is rewritten in place each second. Elsewhere there is a line at the
    start, one each `HEARTBEAT` seconds, and one at the end, so that a log shows that it lives.
    """

    HEARTBEAT = 15.0

    def __init__(self, label: str, usually: float | None = None) -> None:
        self._label = label
        self._usually = f" (usually {usually:.0f} s)" if usually else ""
        self._terminal = sys.stderr.isatty()
        self._started = self._printed = time.monotonic()

    def __enter__(self) -> "Step":
        """Say what starts."""
        self._print(f"{self._label} …{self._usually}")
        return self

    def tick(self) -> None:
        """Show that time passes; call it as often as you like."""
        now = time.monotonic()
        if now - self._printed >= (1.0 if self._terminal else self.HEARTBEAT):
            self._printed = now
            self._print(f"{self._label} … {now - self._started:.0f} s{self._usually}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say how it ended and how long it took."""
        outcome = "" if kind is None else " interrupted" if kind is KeyboardInterrupt else " failed"
        self._print(f"{self._label}{outcome} {time.monotonic() - self._started:.1f} s", last=True)

    def _print(self, text: str, last: bool = False) -> None:
        end = "\n" if last or not self._terminal else ""
        start = "\r\x1b[K" if self._terminal else ""
        print(f"{start}{text}", end=end, file=sys.stderr, flush=True)
