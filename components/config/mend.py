"""What was probably meant by the usual slips; the result is checked like any other value."""

import re


def with_unit(value: str) -> str:
    """10 is 10Gi, `2 Gi` is 2Gi, 2GB is 2Gi."""
    size = re.sub(r"\s", "", value)
    return f"{size}Gi" if re.fullmatch(r"[0-9.]+", size) else re.sub(r"([KMGT])i?B$", r"\1i", size)


def dashed(value: str) -> str:
    """My_App is my-app."""
    return re.sub(r"[^a-z0-9.]+", "-", value.lower()).strip("-")


def host_of(value: str) -> str:
    """tcp://db:5432 is db."""
    return re.sub(r"[:/].*$", "", re.sub(r"^[a-z]+://", "", value.lower().strip()))


def with_scheme(value: str) -> str:
    """llm.example.com is https://llm.example.com."""
    return f"https://{value}"


def as_user(value: str) -> str:
    """ann@example.com is user:ann@example.com, and example.com is domain:example.com."""
    name = value.strip().lower()
    return f"user:{name}" if "@" in name else f"domain:{name}" if "." in name else value


def without_user(value: str) -> str:
    """A URL without the user and password in it."""
    return re.sub(r"//[^/]*@", "//", value)


def with_v1(value: str) -> str:
    """http://ollama:11434 is http://ollama:11434/v1/."""
    return f"{value.strip().rstrip('/').removesuffix('/v1')}/v1/"
