"""The one exception that the commands turn into a message."""


class OpsError(Exception):
    """Something the user can act on: what happened, and what to type next. Printed without a traceback."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}\n  {remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy


class ReportedError(Exception):
    """A command failed, and has said so already: only the exit code is left to tell."""

    def __init__(self, code: int = 1) -> None:
        super().__init__(f"exit code {code}")
        self.code = code
