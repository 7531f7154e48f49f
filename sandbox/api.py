"""As much of an HTTPS client as asking a component for its health and creating an object takes."""

import http.client
import json
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

UNREACHABLE = 0
"""The status of an answer that never came."""


class Api:
    """Requests to one port on 127.0.0.1, with the administrator's certificate."""

    def __init__(self, pki: Path, port: int, timeout: float = 5.0) -> None:
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=context)

    def __enter__(self) -> Self:
        """Nothing is sent before the first request."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._connection.close()

    def request(
        self, method: str, path: str, body: Mapping[str, object] | None = None, accept: str | None = None
    ) -> tuple[int, bytes]:
        """The answer's status and body; status `UNREACHABLE` where there is no answer."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if accept:
            headers["Accept"] = accept
        try:
            self._connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return UNREACHABLE, b""

    def healthy(self, path: str) -> bool:
        """Whether that path answers 200."""
        return self.request("GET", path)[0] == http.HTTPStatus.OK

    def items(self, path: str, accept: str | None = None) -> list[dict[str, object]]:
        """The objects of a list; none where it can't be had."""
        status, body = self.request("GET", path, accept=accept)
        found = json.loads(body).get("items") if status == http.HTTPStatus.OK else None
        return list(found) if isinstance(found, Iterable) else []
