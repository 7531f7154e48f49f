r"""Which lines belong together: Python's tracebacks, chained ones too, with the message above them.

As Fluent Bit's multi-line parser wants it: a line that no rule of the current state takes ends the record, and the
first rule of `start_state` that takes it begins the next. The regular expressions are Onigmo's and Python's alike.
"""

from dataclasses import dataclass

PARSER = "kotaemon-lines"

_TRACEBACK = r"^Traceback \(most recent call last\):"
_GROUP = r"^  \+ Exception Group Traceback \(most recent call last\):"
_SERIOUS = r"^[^ \t].{0,80}\b(ERROR|CRITICAL|FATAL|EXCEPTION|WARNING|Exception|Error|exception|error)\b"
_INDENTED = r"^[ \t]"
_EXCEPTION = r"^(?!(DEBUG|INFO|WARNING|ERROR|CRITICAL):)[A-Za-z_][\w.]*(: |:?$)"
_CHAINED = (
    r"^(During handling of the above exception, another exception occurred:"
    r"|The above exception was the direct cause of the following exception:)"
)
_MORE = (
    # What SQLAlchemy, psycopg, pydantic and PEP 678 notes put below the exception's own line.
    r"^(?!  \+ Exception Group )([ \t]|DETAIL:|HINT:|CONTEXT:|LINE \d+:|\[SQL:|\[parameters:"
    r"|\(Background on this error at:|For further information visit|Hint:|CONNECTION INFO:)"
)
_EMPTY = r"^$"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """In state `state` (or one of several), a line that matches `regex` is taken, and leads to state `then`."""

    state: str
    regex: str
    then: str

    @property
    def states(self) -> frozenset[str]:
        """The states that it is for."""
        return frozenset(name.strip() for name in self.state.split(","))


RULES = (
    Rule(state="start_state", regex=r"^-----BEGIN [A-Z ]*PRIVATE KEY-----", then="key"),
    # PostgreSQL's lines, which go on with a tab.
    Rule(state="start_state", regex=r"^\d{4}-\d\d-\d\d [\d:.]+ \w+ \[\d+\]", then="server"),
    Rule(state="start_state", regex=_TRACEBACK, then="trace"),
    Rule(state="start_state", regex=_GROUP, then="group"),
    Rule(state="start_state", regex=_SERIOUS, then="message"),
    Rule(state="server", regex=r"^\t", then="server"),
    Rule(state="message", regex=_TRACEBACK, then="trace"),
    Rule(state="message", regex=_GROUP, then="group"),
    Rule(state="trace", regex=_INDENTED, then="trace"),
    Rule(state="trace", regex=_EXCEPTION, then="ended"),
    # All of a group is indented, its exceptions too.
    Rule(state="group", regex=r"^(?!  \+ Exception Group )[ \t]", then="group"),
    Rule(state="group", regex=_EMPTY, then="gap"),
    Rule(state="ended", regex=_MORE, then="ended"),
    Rule(state="ended", regex=_EMPTY, then="gap"),
    Rule(state="gap", regex=_CHAINED, then="chain"),
    Rule(state="chain", regex=_EMPTY, then="chain"),
    Rule(state="chain", regex=_TRACEBACK, then="trace"),
    Rule(state="chain", regex=_GROUP, then="group"),
    Rule(state="key", regex=r"^[A-Za-z0-9+/=]+$", then="key"),
    Rule(state="key", regex=r"^-----END [A-Z ]*PRIVATE KEY-----", then="alone"),
    # All others, each for itself: a line that no rule takes would end what the other stream is in the middle of. As
    # whatever follows may be a start, Fluent Bit doesn't wait for it.
    Rule(state="start_state, alone", regex=r"^", then="alone"),
)


def rules() -> list[dict[str, str]]:
    """The rules as Fluent Bit's configuration has them."""
    return [{"state": rule.state, "regex": f"/{rule.regex}/", "next_state": rule.then} for rule in RULES]
