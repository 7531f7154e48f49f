"""Which component a series is about, where only the name of a pod or a claim tells."""

from components.monitoring.subject import Subject


def of_pods(subject: Subject, expr: str) -> str:
    """`expr` with the label `component` by the pods' names; a pod of no workload, a Job's for instance, gets none."""
    names = {watch.workload.name: watch.component for watch in subject.watches if watch.workload}
    # The first that matches is taken: postgres-exporter before postgres.
    same = sorted((name for name, component in names.items() if name == component), key=len, reverse=True)
    if same:
        expr = _labelled(expr, "$1", "pod", f"({'|'.join(same)})-.*")
    for name, component in names.items():
        if name != component:
            expr = _labelled(expr, component, "pod", f"{name}-.*")
    return expr


def of_claims(subject: Subject, expr: str) -> str:
    """`expr` with the label `component` by the volume claims' names."""
    for watch in subject.watches:
        if watch.claims:
            expr = _labelled(expr, watch.component, "persistentvolumeclaim", watch.claims)
    return expr


def _labelled(expr: str, value: str, source: str, pattern: str) -> str:
    return f'label_replace({expr}, "component", "{value}", "{source}", "{pattern}")'
