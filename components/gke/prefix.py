"""What names on Google Cloud start with; free of the SDKs, for commands that only ask."""

import hashlib
import re

_LONGEST = 20  # a service account's id has 30 characters, of which ten say whose


def prefix_of(stack: str) -> str:
    """What the names of a stack's Google resources start with: at most 20 lower-case letters, digits and dashes.

    Distinct stacks have distinct ones: what doesn't fit carries a hash.
    """
    plain = f"kotaemon-{re.sub(r'[^a-z0-9]+', '-', stack.lower()).strip('-')}"
    if plain == f"kotaemon-{stack}" and len(plain) <= _LONGEST:
        return plain
    return f"{plain[: _LONGEST - 7].rstrip('-')}-{hashlib.sha256(stack.encode()).hexdigest()[:6]}"
