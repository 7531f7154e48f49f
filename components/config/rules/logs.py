"""What collecting logs needs: a secret that reaches the agents, and a way on which nobody reads it."""

import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from components.config.logs import FluentBitLogs, Loki
from components.config.problems import Problem, remove_command, set_command
from components.config.secret_names import SecretName

from .rule import Stack, in_cluster, problem

_LONGEST_NAMESPACE = 63 - len("-logs")
_WRITERS = (SecretName.LOKI, SecretName.LOGS_ELASTICSEARCH)


def log_agents(stack: Stack) -> Iterator[Problem]:
    """The agents' namespace is called after the stack's, and no Secret of the stack's reaches it."""
    settings = stack.settings
    if not isinstance(settings.logs, FluentBitLogs):
        return
    name = settings.namespace.name
    if len(name) > _LONGEST_NAMESPACE:
        yield problem(
            "namespace.name",
            name,
            f"must have at most {_LONGEST_NAMESPACE} characters: the agents that read logs are in a namespace of the "
            "same name with -logs behind it, which may have 63",
            set_command("namespace.name", name[:_LONGEST_NAMESPACE].rstrip("-")),
            "logs.kind",
        )
    for section, there in (("secrets", settings.secrets), ("secretManager", settings.secret_manager)):
        for secret in _WRITERS:
            if secret in there:
                yield problem(
                    f"{section}.{secret}",
                    None,
                    f"can't be in a Secret of the stack's namespace, which the agents' doesn't see: set "
                    f"kotaemon:{secret} itself",
                    remove_command(f"{section}.{secret}"),
                    "logs.to",
                )


def log_destination(stack: Stack) -> Iterator[Problem]:
    """A password travels encrypted, or not beyond the cluster."""
    logs = stack.settings.logs
    if not isinstance(logs, FluentBitLogs) or isinstance(logs.to, Loki):
        return
    url = urlsplit(logs.to.url)
    if (
        url.scheme == "http"
        and not in_cluster(logs.to.url)
        and (logs.to.username is not None or stack.settings.production)
    ):
        yield problem(
            "logs.to.url",
            logs.to.url,
            "must be https:// outside the cluster: everybody on the way reads the logs, and the password with them",
            set_command("logs.to.url", f"https://{logs.to.url.removeprefix('http://')}"),
            "logs.to.username",
            "production",
        )
    certificate = logs.to.ca_certificate
    if certificate is not None and not _is_certificate(certificate):
        yield problem(
            "logs.to.caCertificate",
            "(hidden)" if "PRIVATE KEY" in certificate else certificate,
            "must be a certificate in PEM form, from -----BEGIN CERTIFICATE----- to its END, and nothing else",
            "pulumi config set --path logs.to.caCertificate < ca.pem",
        )


def _is_certificate(pem: str) -> bool:
    if "PRIVATE KEY" in pem:
        return False
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        return False
    return True
