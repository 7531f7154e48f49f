"""The namespace and the data stores."""

import ssl
from collections.abc import Iterator

from components.config.problems import Problem, remove_command, set_command
from components.config.settings import ExternalPostgres, Qdrant, SslMode

from .rule import Stack, problem

_THE_CLUSTERS_OWN = ("kube-", "gke-", "gmp-")


def namespace(stack: Stack) -> Iterator[Problem]:
    """Quota and default-deny policies would break what else lives there."""
    name = stack.settings.namespace.name
    if name == "default" or name.startswith(_THE_CLUSTERS_OWN):
        yield problem(
            "namespace.name",
            name,
            "belongs to the cluster: quota and network policies of this stack would break what is there",
            set_command("namespace.name", "kotaemon"),
        )


def qdrant(stack: Stack) -> Iterator[Problem]:
    """A cluster of Qdrant needs a majority, and a node for each copy."""
    vectors = stack.settings.vector_db
    if not isinstance(vectors, Qdrant):
        return
    if vectors.replicas == 2:
        yield problem(
            "vectorDb.replicas",
            2,
            "must be 1, or 3 and more: of two nodes neither is a majority when the other is gone",
            set_command("vectorDb.replicas", 3),
        )
    if vectors.replication_factor > vectors.replicas:
        yield problem(
            "vectorDb.replicationFactor",
            vectors.replication_factor,
            f"must be at most the number of nodes ({vectors.replicas})",
            set_command("vectorDb.replicationFactor", vectors.replicas),
            "vectorDb.replicas",
        )


def external_postgres(stack: Stack) -> Iterator[Problem]:
    """Passwords and documents travel to an external server: to that one, and unread."""
    database = stack.settings.postgres
    if not isinstance(database, ExternalPostgres):
        return
    if stack.settings.production and database.ssl_mode in (SslMode.DISABLE, SslMode.REQUIRE):
        yield problem(
            "postgres.sslMode",
            database.ssl_mode,
            "lets anyone on the way pose as the server; production needs verify-ca or verify-full",
            set_command("postgres.sslMode", "verify-full"),
            "production",
        )
    if database.ca_certificate is None:
        return
    path = "postgres.caCertificate"
    from_file = f"pulumi config set --path {path} < ca.pem"
    if "PRIVATE KEY" in database.ca_certificate:
        yield problem(
            path,
            "(hidden)",
            "holds a private key, and only the certificate is wanted. The key has been in a file: "
            "issue a new one",
            from_file,
        )
    elif not _is_certificate(database.ca_certificate):
        yield problem(
            path,
            database.ca_certificate,
            "must be a certificate in PEM form, from -----BEGIN CERTIFICATE----- to its END",
            from_file,
        )
    elif database.ssl_mode in (SslMode.DISABLE, SslMode.REQUIRE):
        yield problem(
            path,
            "(a certificate)",
            f"is checked with sslMode verify-ca or verify-full alone, and sslMode is {database.ssl_mode}",
            remove_command(path),
            "postgres.sslMode",
        )


def _is_certificate(pem: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        return False
    return True
