"""What more than one replica needs."""

from collections.abc import Iterator

from components.config.app import Affinity, App
from components.config.problems import Problem, remove_command, set_command
from components.config.section import AccessMode
from components.config.settings import LanceDb

from .rule import Stack, problem


def most_replicas(app: App) -> int:
    """How many pods of the application there may be at most."""
    return app.autoscaling.max_replicas if app.autoscaling is not None else app.replicas


def several_replicas(stack: Stack) -> Iterator[Problem]:
    """State that lies in one pod, or on a disk that one node mounts, can't be shared."""
    app = stack.settings.app
    if app.autoscaling is None and app.replicas == 1:
        return
    why = "app.replicas" if app.autoscaling is None else "app.autoscaling"
    needs = f"more than one replica (kotaemon:{why}) needs"
    if isinstance(stack.settings.docstore, LanceDb):
        yield problem(
            "docstore.kind",
            stack.settings.docstore.kind,
            f"{needs} documents in a server: postgres or elasticsearch; LanceDB's files take one writer",
            set_command("docstore.kind", "postgres"),
        )
    if app.storage.access_mode is not AccessMode.READ_WRITE_MANY:
        yield problem(
            "app.storage.accessMode",
            app.storage.access_mode,
            f"{needs} ReadWriteMany, and a storage class that offers it: every replica reads the user files",
            set_command("app.storage.accessMode", "ReadWriteMany"),
        )
    if app.session_affinity is Affinity.NONE:
        yield problem(
            "app.sessionAffinity",
            app.session_affinity,
            f"{needs} client-ip: a session's state lives in one process",
            set_command("app.sessionAffinity", "client-ip"),
        )
    for key, on in (
        ("microsoft", app.graph_rag.microsoft),
        ("nano", app.graph_rag.nano),
        ("light", app.graph_rag.light),
    ):
        if on:
            yield problem(
                f"app.graphRag.{key}",
                on,
                f"{needs} no GraphRAG index: it lies in a folder of one replica",
                set_command(f"app.graphRag.{key}", False),
            )


def autoscaling(stack: Stack) -> Iterator[Problem]:
    """Bounds that contradict each other, or a fixed number beside them."""
    app = stack.settings.app
    if app.autoscaling is None:
        return
    least, most = app.autoscaling.min_replicas, app.autoscaling.max_replicas
    if least > most:
        yield problem(
            "app.autoscaling.minReplicas",
            least,
            f"must be at most maxReplicas ({most})",
            set_command("app.autoscaling.minReplicas", most),
            "app.autoscaling.maxReplicas",
        )
    if app.replicas != 1:
        yield problem(
            "app.replicas",
            app.replicas,
            "is decided by kotaemon:app.autoscaling: keep one of the two",
            remove_command("app.replicas"),
        )
