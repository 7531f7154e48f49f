"""What runs beside Kotaemon in its pod: the proxy that signs people in, and the one that signs it in to Cloud SQL.

Both are sidecars in Kubernetes' sense (an init container that goes on): they are there before Kotaemon starts
and after it has stopped. Source: kubernetes.io, "Sidecar Containers".
"""

import pulumi
from pulumi_kubernetes import core

from components import images
from components.config.section import Resources
from components.contracts import DatabaseProxy, SignIn
from components.kubernetes import container_security, environment, http, mount, probes, requirements
from components.signals.kotaemon import SIGN_IN_METRICS

from . import environment as env

SIGN_IN_PORT = 4180
EMAILS = "emails.txt"
HEALTH = "/app_id"
ALIVE = "/theme.css"
_CALLBACK = "/oauth2/callback"
_CALLS = "^/(api|call|cancel|heartbeat|queue|reset|run|upload)(/|[?]|_|$)"
_SQL_HEALTH_PORT = 9801
_SMALL = Resources(cpu="50m", memory="64Mi", cpu_limit="1", memory_limit="128Mi")


def sign_in_arguments(given: SignIn) -> list[str]:
    """oauth2-proxy's flags. Source: oauth2-proxy.github.io/oauth2-proxy/configuration/overview."""
    domains = given.email_domains or (() if given.emails else ("*",))
    return [
        "--provider=oidc",
        f"--oidc-issuer-url={given.issuer}",
        f"--client-id={given.client_id}",
        f"--redirect-url=https://{given.domain}{_CALLBACK}",
        "--code-challenge-method=S256",
        "--approval-prompt=auto",  # else Google asks for consent each time
        "--skip-provider-button=true",
        *(f"--email-domain={domain}" for domain in domains),
        *([f"--authenticated-emails-file={env.SIGN_IN}/{EMAILS}"] if given.emails else []),
        *(f"--allowed-group={group}" for group in given.groups),
        f"--http-address=0.0.0.0:{SIGN_IN_PORT}",
        f"--metrics-address=0.0.0.0:{SIGN_IN_METRICS[1]}",
        f"--upstream=http://127.0.0.1:{env.PORT}",
        # Answers are streamed for minutes.
        "--upstream-timeout=3600s",
        "--flush-interval=500ms",
        # X-Forwarded-... isn't read. A Gateway passes on what a client says there: with X-Forwarded-Uri: /app_id
        # every page would need no session, whichever proxies are trusted.
        "--reverse-proxy=false",
        "--ping-path=/oauth2/ping",
        "--ready-path=/oauth2/ready",
        # What the probes ask: neither tells anything but that it runs.
        f"--skip-auth-route=GET=^{HEALTH}$",
        f"--skip-auth-route=GET=^{ALIVE.replace('.', '[.]')}$",
        # Sessions are in encrypted cookies, so that replicas need no store in common; no tokens, which fill them.
        "--session-store-type=cookie",
        "--session-cookie-minimal=true",
        "--cookie-name=__Host-kotaemon",
        "--cookie-path=/",
        "--cookie-secure=true",
        "--cookie-httponly=true",
        "--cookie-samesite=lax",
        f"--cookie-expire={given.session_hours}h",
        # A cookie for each sign-in under way, so that the tabs of an expired session don't spoil each other's.
        "--cookie-csrf-per-request=true",
        "--cookie-csrf-per-request-limit=8",
        # A page's own calls get 401 and start no sign-in, to which they can't follow a redirect.
        f"--api-route={_CALLS}",
        "--pass-basic-auth=false",
        "--pass-user-headers=true",
        "--skip-jwt-bearer-tokens=false",
        "--silence-ping-logging=true",
        "--request-logging=true",
        # Neither what the probes ask every few seconds, nor the address that holds the provider's code.
        *(f"--exclude-logging-path={path}" for path in (HEALTH, ALIVE, _CALLBACK)),
        "--standard-logging-format={{.Message}}",
    ]


def sign_in(given: SignIn) -> core.v1.ContainerArgs:
    """oauth2-proxy, the only thing in the pod that listens to others."""
    return core.v1.ContainerArgs(
        name="sign-in",
        image=images.OAUTH2_PROXY,
        args=sign_in_arguments(given),
        env=environment(
            {},
            {
                "OAUTH2_PROXY_CLIENT_SECRET": given.client_secret,
                "OAUTH2_PROXY_COOKIE_SECRET": given.cookie_secret,
            },
        ),
        ports=[
            core.v1.ContainerPortArgs(name="http", container_port=SIGN_IN_PORT),
            core.v1.ContainerPortArgs(name=SIGN_IN_METRICS[0], container_port=SIGN_IN_METRICS[1]),
        ],
        restart_policy="Always",
        resources=requirements(_SMALL, disk="256Mi"),
        security_context=container_security(),
        **probes(http("/oauth2/ping", "http"), start_seconds=60),
        volume_mounts=[mount("sign-in", env.SIGN_IN, read_only=True)] if given.emails else None,
    )


def database_proxy(given: DatabaseProxy, port: int) -> core.v1.ContainerArgs:
    """Cloud SQL's proxy, which listens on `port` inside the pod.

    Source: cloud.google.com/sql/docs/postgres/connect-kubernetes-engine.
    """
    return core.v1.ContainerArgs(
        name="cloud-sql-proxy",
        image=images.CLOUD_SQL_PROXY,
        args=[
            "--private-ip",
            "--auto-iam-authn",
            "--structured-logs",
            "--address=127.0.0.1",
            f"--port={port}",
            "--health-check",
            "--http-address=0.0.0.0",
            f"--http-port={_SQL_HEALTH_PORT}",
            # Connections end before the pod does.
            "--exit-zero-on-sigterm",
            "--max-sigterm-delay=30s",
            given.instance,
        ],
        ports=[core.v1.ContainerPortArgs(name="sql-health", container_port=_SQL_HEALTH_PORT)],
        restart_policy="Always",
        resources=requirements(_SMALL, disk="256Mi"),
        security_context=container_security(),
        # None of them opens a connection.
        **probes(http("/readiness", "sql-health"), http("/liveness", "sql-health"), start_seconds=60),
    )


def emails_file(given: SignIn) -> dict[str, pulumi.Input[str]]:
    """The file of those who may enter, one address a line."""
    return {EMAILS: "".join(f"{email}\n" for email in given.emails)}
