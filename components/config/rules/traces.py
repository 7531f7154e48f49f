"""What collecting traces needs: a way on which nobody reads them, and memory for what waits."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from components.config.fields import amount
from components.config.problems import Problem, set_command
from components.config.traces import CloudTrace, CollectorTraces, Tempo

from .rule import Stack, in_cluster, problem

_LEAST_MEMORY = "128Mi"


def trace_destination(stack: Stack) -> Iterator[Problem]:
    """What is sent is encrypted, or doesn't leave the cluster."""
    traces = stack.settings.traces
    if not isinstance(traces, CollectorTraces) or isinstance(traces.to, CloudTrace):
        return
    url = urlsplit(traces.to.url)
    token = isinstance(traces.to, Tempo) and traces.to.token
    if url.scheme == "http" and not in_cluster(traces.to.url) and (token or stack.settings.production):
        yield problem(
            "traces.to.url",
            traces.to.url,
            "must be https:// outside the cluster: everybody on the way reads the traces, and the token with them",
            set_command("traces.to.url", f"https://{traces.to.url.removeprefix('http://')}"),
            "traces.to.token",
            "production",
        )


def trace_memory(stack: Stack) -> Iterator[Problem]:
    """The collector's buffers are parts of what its memory leaves."""
    traces = stack.settings.traces
    if not isinstance(traces, CollectorTraces):
        return
    request, limit = traces.resources.memory, traces.resources.memory_limit
    key = "traces.resources.memoryLimit" if limit else "traces.resources.memory"
    if amount(limit or request) < amount(_LEAST_MEMORY):
        yield problem(
            key,
            limit or request,
            f"must be at least {_LEAST_MEMORY}: the collector takes 50Mi before the first trace",
            set_command(key, "256Mi"),
        )
    elif limit and amount(limit) < amount(request):
        yield problem(
            key, limit, f"must be at least what is requested ({request})", set_command(key, request), key
        )
