"""How much of everything a comment shows, so that it fits where it has to."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Detail:
    """The most that is shown of each."""

    properties: int = 20
    """Of one resource."""
    updates: int = 1000
    losing: int = 1000
    """Deletes and replaces."""
    creates: bool = True
    passes: bool = True
    """The policies that hold."""
    broken: int = 1000
    """The policies that don't."""
    where: int = 10
    """Places of one policy."""
    omitted: str = ""
    """What a reader has to be told is missing."""


_ALL = Detail()
_NO_PASSES = replace(_ALL, passes=False, where=5, omitted="the policies that hold")
_NO_CREATES = replace(_NO_PASSES, creates=False, omitted="what is created, and policies that hold")
_FEW_PROPERTIES = replace(_NO_CREATES, properties=5, where=3, omitted="creates, and some changed properties")
_NAMES = replace(_FEW_PROPERTIES, properties=0, omitted="creates, and what changes in each resource")
_SOME = replace(_NAMES, updates=20, losing=200, where=1, omitted="creates, and most of the updates")
_WORST = replace(_SOME, updates=0, losing=20, broken=20, omitted="all but the counts and the worst")

LEVELS = (_ALL, _NO_PASSES, _NO_CREATES, _FEW_PROPERTIES, _NAMES, _SOME, _WORST)
"""From everything to the counts and the worst: the first that fits is taken."""
