"""Settings from what stands in a stack's file, as far as it is well-formed."""

from pydantic import ValidationError

from .explain import explain
from .locate import locate
from .problems import Problem, property_path
from .settings import Settings


def validated(sections: dict[str, object], prefix: str) -> tuple[Settings, list[Problem], set[str]]:
    """Settings of the well-formed part, the problems of the rest, and the keys that had to be left out.

    The rules can then still be checked, so that all problems are reported at once.
    """
    problems: dict[str, Problem] = {}
    left_out: set[str] = set()
    while True:
        try:
            return (
                Settings.model_validate(sections, by_alias=True, by_name=False),
                list(problems.values()),
                left_out,
            )
        except ValidationError as error:
            for problem in explain(error, prefix):
                if not unjudged(problem, left_out):  # that what was left out is missing now isn't told
                    problems.setdefault(problem.key, problem)
            for details in error.errors(include_url=False):
                path = _innermost(sections, locate(details["loc"]).path)
                left_out.add(f"{prefix}:{property_path(path)}")
                sections = _without(sections, path)


def unjudged(problem: Problem, left_out: set[str]) -> bool:
    """Whether `problem` was judged from a key that isn't known."""
    return any(_related(key, unknown) for key in (problem.key, *problem.about) for unknown in left_out)


def _related(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long == short or long.startswith((f"{short}.", f"{short}["))


def _innermost(sections: dict[str, object], path: tuple[str, ...]) -> tuple[str, ...]:
    """`path`, or the section that lacks its last key."""
    inner: object = sections
    for depth, key in enumerate(path):
        if not isinstance(inner, dict):
            return path[:depth]
        if key not in inner:
            return path[: max(depth, 1)]
        inner = inner[key]
    return path


def _without(sections: dict[str, object], path: tuple[str, ...]) -> dict[str, object]:
    head, *rest = path
    inner = sections.get(head)
    if rest and isinstance(inner, dict):
        return {**sections, head: _without(inner, tuple(rest))}
    return {key: value for key, value in sections.items() if key != head}
