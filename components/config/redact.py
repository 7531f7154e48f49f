"""What of a wrong value may be shown: never a secret, wherever it was pasted."""

import re

HIDDEN = "(hidden)"
_TELLING_NAME = re.compile(r"pass|pwd|secret|token|credential|auth|private|key$|certificate", re.IGNORECASE)
_TELLING_VALUE = re.compile(
    r"\b(sk-|AIza|ghp_|tvly-|pa-)[A-Za-z0-9_-]{4,}|PRIVATE KEY|\beyJ[A-Za-z0-9_-]{8,}"
)
_USER_IN_URL = re.compile(r"//[^/\s]*@")


def looks_secret(name: str, value: object) -> bool:
    """Whether a key's name or its value says that it holds a secret."""
    return bool(_TELLING_NAME.search(name)) or (
        isinstance(value, str) and bool(_TELLING_VALUE.search(value) or _USER_IN_URL.search(value))
    )


def visible(value: object, name: str = "") -> object:
    """`value` without what is, or may be, a secret; `name` is the key that nobody knows, if it is one."""
    if isinstance(value, dict):
        inner = ", ".join(f"{key}: {visible(child, str(key))}" for key, child in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(str(visible(child, name)) for child in value)}]"
    if value is None or isinstance(value, bool):
        return value
    if name and _TELLING_NAME.search(name):
        return HIDDEN
    if isinstance(value, str):
        shown = _USER_IN_URL.sub(f"//{HIDDEN}@", value)
        return HIDDEN if _TELLING_VALUE.search(shown) else shown or '""'
    return value
