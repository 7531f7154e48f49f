"""A Kubernetes API client of a few lines: the official one takes more than a second to import."""

import types
from typing import cast

import httpx

from ops import kubeconfig
from ops.errors import OpsError
from ops.kubeconfig import Context

Object = dict[str, object]


class UnreachableError(OpsError):
    """No answer from the API server."""


class RefusedError(OpsError):
    """The API server answered with an error. `status` is the HTTP status."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


class Api:
    """Requests to the API server of one context."""

    def __init__(self, context: Context, patience: float = 10.0) -> None:
        self.context = context
        token = kubeconfig.token(context)
        try:
            self._client = httpx.Client(
                base_url=context.server,
                verify=kubeconfig.tls(context),
                headers={"Authorization": f"Bearer {token}"} if token else {},
                timeout=patience,
            )
        except (OSError, httpx.InvalidURL, ValueError) as error:
            raise OpsError(f"context {context.name} can't be used: {error}") from error

    def __enter__(self) -> "Api":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, **query: str) -> Object:
        """The object or list at a path. Raises UnreachableError or RefusedError."""
        try:
            answer = self._client.get(path, params=query)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableError(
                f"{self.context.server} (context {self.context.name}) doesn't answer: "
                f"{error or type(error).__name__}"
            ) from error
        if answer.is_error:
            try:
                message = answer.json().get("message", answer.text)
            except ValueError:
                message = answer.text[:200] or answer.reason_phrase
            raise RefusedError(answer.status_code, f"context {self.context.name}: {message}")
        return cast(Object, answer.json())

    def items(self, path: str, **query: str) -> list[Object]:
        """The objects of a list; none where the cluster doesn't know the kind."""
        try:
            return cast(list[Object], self.get(path, **query).get("items") or [])
        except RefusedError as error:
            if error.status == 404:
                return []
            raise

    def resources(self, path: str) -> list[Object]:
        """What kinds a version of a group has, as `/apis/GROUP/VERSION`; none where the cluster doesn't know it."""
        try:
            return cast(list[Object], self.get(path).get("resources") or [])
        except RefusedError as error:
            if error.status == 404:
                return []
            raise

    def uid(self) -> str:
        """What tells this cluster from every other, a re-created one of the same name included."""
        metadata = self.get("/api/v1/namespaces/kube-system")["metadata"]
        return str(cast(Object, metadata)["uid"])
