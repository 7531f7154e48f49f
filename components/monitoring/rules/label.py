"""Which component a series is about, where only the name of a pod or a claim tells."""

from collections.abc import Iterable


def with_component(expr: str, source: str, patterns: Iterable[tuple[str, str]]) -> str:
    """`expr` with the label `component`, by pairs of a component and the pattern of its values of `source`.

    A pod that matches none, a Job's for instance, gets none.
    """
    for component, pattern in patterns:
        expr = f'label_replace({expr}, "component", "{component}", "{source}", "{pattern}")'
    return expr
