"""The API server over HTTP: pooled connections, errors as the server words them, and streams.

`http.client` rather than a larger library: a plugin's start and each of its calls are waited for.
"""

import http.client
import json
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from sandbox.providers.base import Failure
from sandbox.providers.wire import Properties, Value

from .kubeconfig import Access
from .objects import number, rows, table, text

APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
_JSON = "application/json"
_TRIES_WHEN_BUSY = 5


class ApiError(Failure):
    """The server refused. The text is the server's own."""

    def __init__(self, code: int, status: Properties) -> None:
        super().__init__(text(status, "message") or f"the server answered {code}")
        self.code, self.status = code, status
        self.reason = text(status, "reason")

    @property
    def not_found(self) -> bool:
        """There is no such object (or namespace, or kind)."""
        return self.code == 404

    @property
    def exists(self) -> bool:
        """There is such an object already."""
        return self.reason == "AlreadyExists"

    @property
    def conflict(self) -> bool:
        """Another field manager holds a field, or the object has changed meanwhile."""
        return self.reason == "Conflict"

    @property
    def forbidden(self) -> bool:
        """This identity may not do it."""
        return self.code == 403

    @property
    def no_namespace(self) -> bool:
        """The namespace that the object would be in isn't there."""
        return self.not_found and text(self.status, "details", "kind") == "namespaces"

    @property
    def causes(self) -> list[str]:
        """The messages of the causes, if the server gave any."""
        return [text(cause, "message") for cause in rows(table(self.status, "details"), "causes")]


class UnreachableError(Failure):
    """There is no talking to the server."""


class Client:
    """Calls to one API server. Safe for threads: each call has a connection to itself."""

    def __init__(self, access: Access, timeout: float = 32) -> None:
        self.access = access
        self._url = urlsplit(access.server)
        self._timeout = timeout
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._headers = {"Accept": _JSON, "User-Agent": "kotaemon-sandbox", **dict(access.headers)}
        self._tls = self._context() if self._url.scheme == "https" else None

    def _context(self) -> ssl.SSLContext:
        access = self.access
        context = ssl.create_default_context(cadata=access.authority)
        if access.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if access.certificate and access.key:
            # The ssl module takes certificates only from files; these are gone once they are read.
            with tempfile.TemporaryDirectory() as folder:
                certificate, key = Path(folder, "certificate"), Path(folder, "key")
                certificate.write_text(access.certificate)
                key.touch(mode=0o600)
                key.write_text(access.key)
                context.load_cert_chain(certificate, key)
        return context

    def _connect(self, timeout: float | None) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._tls is None:
            return http.client.HTTPConnection(host, port, timeout=timeout)
        if self.access.server_name:
            return _NamedConnection(host, port, self.access.server_name, self._tls, timeout)
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._tls)

    @contextmanager
    def _connection(self) -> Iterator[tuple[http.client.HTTPConnection, bool]]:
        """A connection, and whether it was used before; it is kept for the next call if all went well."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        reused = connection is not None
        connection = connection or self._connect(self._timeout)
        try:
            yield connection, reused
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._idle.append(connection)

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Value = None,
        content: str = _JSON,
    ) -> Properties:
        """One call; the answer's JSON. Raises `ApiError` or `UnreachableError`."""
        target = self._target(path, query)
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, "Content-Type": content} if data else self._headers
        for attempt in range(_TRIES_WHEN_BUSY):
            code, retry_after, answer = self._send(method, target, data, headers)
            if code in (429, 503) and retry_after and attempt + 1 < _TRIES_WHEN_BUSY:
                time.sleep(min(float(retry_after), 5))
                continue
            break
        return _answer(code, answer)

    def _send(
        self, method: str, target: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, str | None, bytes]:
        while True:
            reused = False
            try:
                with self._connection() as (connection, reused):
                    connection.request(method, target, data, dict(headers))
                    response = connection.getresponse()
                    answer = response.read()
                    return response.status, response.getheader("Retry-After"), answer
            except (http.client.HTTPException, OSError) as error:
                # The server may close a connection while it is idle: that is no failure.
                if reused and not isinstance(error, TimeoutError):
                    continue
                raise UnreachableError(f"{self.access.server}: {_words(error)}") from None

    def stream(self, path: str, query: Mapping[str, str]) -> Iterator[Properties]:
        """Yield the JSON lines of a watch until the server ends it."""
        connection = self._connect(self._timeout)
        try:
            connection.request("GET", self._target(path, query), headers=self._headers)
            response = connection.getresponse()
            if response.status != 200:
                _answer(response.status, response.read())
            if connection.sock is not None:
                connection.sock.settimeout(float(query.get("timeoutSeconds", 300)) + 30)
            while line := response.readline():
                event: Properties = json.loads(line)
                yield event
        except (http.client.HTTPException, OSError) as error:
            raise UnreachableError(f"{self.access.server}: {_words(error)}") from None
        finally:
            connection.close()

    def _target(self, path: str, query: Mapping[str, str] | None) -> str:
        return f"{self._url.path}{quote(path)}{'?' + urlencode(query) if query else ''}"


class _NamedConnection(http.client.HTTPSConnection):
    """A connection whose certificate is checked against another name than the address."""

    def __init__(
        self, host: str, port: int | None, name: str, context: ssl.SSLContext, timeout: float | None
    ) -> None:
        super().__init__(host, port, timeout=timeout, context=context)
        self._name, self._tls = name, context

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self._name)


def _answer(code: int, answer: bytes) -> Properties:
    try:
        parsed: Value = json.loads(answer) if answer else {}
    except json.JSONDecodeError:
        parsed = {"message": answer.decode(errors="replace").strip()}
    result = table({"": parsed}, "")
    if code >= 400:
        raise ApiError(number(result, "code", default=code), result)
    return result


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return str(error) or type(error).__name__
