"""The stack's outputs, without asking the engine where the state is a file here."""

import json
from collections.abc import Mapping

from ops import backend as backends
from ops import kubeconfig
from ops.clusters import Source
from ops.errors import OpsError
from ops.kubeconfig import Context
from ops.stack import Session, stack_option


def outputs(session: Session) -> Mapping[str, object]:
    """What the last update exported; secrets masked. Raises OpsError where the stack isn't up.

    While the first update still runs, or after it failed, that is the namespace alone.
    """
    state = backends.checkpoint(session.backend, session.stack)
    if state is None:
        from ops.operations import opened  # a second of imports

        with opened(session) as operations:
            found = (
                json.loads(operations.run("stack", "output", "--json", "--stack", session.stack))
                if operations.exists()
                else {}
            )
    else:
        found = of_checkpoint(state)
    if not found:
        raise OpsError(absent(session), f"make up{stack_option(session.stack)}")
    return found


def of_checkpoint(state: Mapping[str, object]) -> dict[str, object]:
    """The outputs in a state; what is encrypted is left as the engine marks it."""
    found: dict[str, object] = {}
    resources = state.get("resources")
    for resource in resources if isinstance(resources, list) else []:
        if resource.get("type") == "kubernetes:core/v1:Namespace":
            found.setdefault("namespace", str(resource.get("id")))
        elif resource.get("type") == "pulumi:pulumi:Stack":
            found |= resource.get("outputs") or {}
    return found


def cluster_of(session: Session, found: Mapping[str, object]) -> Context:
    """How to reach the stack's cluster: as it was chosen, or as the stack says of the one that it made.

    Raises OpsError where there is none.
    """
    if session.cluster.context is not None:
        return session.cluster.context
    text = found.get("kubeconfig")
    contexts = kubeconfig.parse(text, None) if isinstance(text, str) else []
    if not contexts:
        raise OpsError(
            f"The cluster ({session.cluster}) isn't there to ask.",
            f"make up{stack_option(session.stack)}, or for the sandbox alone: make sandbox-start",
        )
    return contexts[0]


def absent(session: Session) -> str:
    """That the stack isn't up here, and where it is."""
    others = backends.elsewhere(session.stack, session.backend)
    hint = f" It is up on {', '.join(others)}: KOTAEMON_CLUSTER={others[0]} make …" if others else ""
    where = "" if session.cluster.source is Source.PROGRAM else f" on this cluster ({session.cluster})"
    return f"Stack {session.stack} isn't up{where}.{hint}"


def namespace(session: Session, found: Mapping[str, object]) -> str:
    """The namespace of the stack's objects. Raises OpsError where the program doesn't export it."""
    name = found.get("namespace")
    if not isinstance(name, str):
        raise OpsError(f"Stack {session.stack} exports no `namespace`.", "make up, so that it does")
    return name
