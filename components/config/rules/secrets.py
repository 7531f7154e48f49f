"""Secrets that are needed and aren't there, or are there and nothing needs them."""

from collections.abc import Iterator

from components.config.edge import NoEdge
from components.config.logs import ElasticsearchLogs, ExistingLoki, FluentBitLogs
from components.config.monitoring import Alerts, NoMonitoring
from components.config.problems import Problem, remove_command, secret_command
from components.config.secret_names import PURPOSE, SecretName
from components.config.settings import ExternalPostgres, Settings
from components.config.traces import CollectorTraces, Tempo

from .rule import Stack, problem


def needed_secrets(stack: Stack) -> Iterator[Problem]:
    """Every secret has one place, and something that uses it."""
    settings, supplied = stack.settings, stack.supplied
    for name, (path, used) in _users(settings).items():
        there = name in supplied or name in settings.secrets or name in settings.secret_manager
        spared = name is SecretName.GRAPHRAG and settings.models.openai is not None
        if used and not there and not spared:
            yield problem(
                path,
                None,
                f"needs the secret {name} ({PURPOSE[name]}), set in the stack's file or, where a Secret "
                f"is in the namespace already, named under kotaemon:secrets.{name}, or under "
                f"kotaemon:secretManager.{name} where it is in Google's Secret Manager",
                secret_command(name),
                f"secrets.{name}",
                f"secretManager.{name}",
                name,
            )
        if there and not used:
            spot = (
                name
                if name in supplied
                else f"secrets.{name}"
                if name in settings.secrets
                else f"secretManager.{name}"
            )
            yield problem(
                spot,
                None,
                f"is set, but nothing uses it: it is for kotaemon:{path} ({PURPOSE[name]})",
                remove_command(spot),
                path,
            )
    for section, named in (("secrets", settings.secrets), ("secretManager", settings.secret_manager)):
        for name in named:
            if name in supplied or (section == "secretManager" and name in settings.secrets):
                other = name if name in supplied else f"secrets.{name}"
                yield problem(
                    f"{section}.{name}",
                    None,
                    f"is also set as kotaemon:{other}: keep one of the two",
                    remove_command(f"{section}.{name}"),
                )


def _users(settings: Settings) -> dict[SecretName, tuple[str, bool]]:
    """The key that each secret serves, and whether it is in use."""
    models, multimodal = settings.models, settings.app.multimodal
    reader = multimodal.azure_document_intelligence
    auth = None if isinstance(settings.edge, NoEdge) else settings.edge.auth
    told = Alerts() if isinstance(settings.monitoring, NoMonitoring) else settings.monitoring.alerts
    account = told.mail.server.username if told.mail and told.mail.server else None
    traced = settings.traces.to if isinstance(settings.traces, CollectorTraces) else None
    kept = settings.logs.to if isinstance(settings.logs, FluentBitLogs) else None
    return {
        SecretName.OPENAI: ("models.openai", models.openai is not None),
        SecretName.AZURE_OPENAI: ("models.azureOpenai", models.azure_openai is not None),
        SecretName.GOOGLE: ("models.google", models.google is not None),
        SecretName.COHERE: ("models.cohere", models.cohere is not None),
        SecretName.MISTRAL: ("models.mistral", models.mistral is not None),
        SecretName.VOYAGE: ("models.voyage", models.voyage is not None),
        SecretName.TAVILY: ("models.tavily", models.tavily is not None),
        SecretName.AZURE_DOCUMENT_INTELLIGENCE: (
            "app.multimodal.azureDocumentIntelligence",
            reader is not None,
        ),
        SecretName.ADOBE_CLIENT_ID: ("app.multimodal.adobe", multimodal.adobe),
        SecretName.ADOBE_CLIENT_SECRET: ("app.multimodal.adobe", multimodal.adobe),
        SecretName.POSTGRES: ("postgres", isinstance(settings.postgres, ExternalPostgres)),
        SecretName.OIDC_CLIENT: ("edge.auth", auth is not None and auth.client_id is not None),
        SecretName.SLACK_WEBHOOK: ("monitoring.alerts.slack", told.slack is not None),
        SecretName.PAGERDUTY: ("monitoring.alerts.pagerduty", told.pagerduty is not None),
        SecretName.SMTP: ("monitoring.alerts.mail.server.username", account is not None),
        SecretName.ALERT_WEBHOOK: ("monitoring.alerts.webhook", told.webhook is not None),
        SecretName.DEAD_MANS_SWITCH: ("monitoring.alerts.deadMansSwitch", told.dead_mans_switch is not None),
        SecretName.LOKI: ("logs.to.username", isinstance(kept, ExistingLoki) and kept.username is not None),
        SecretName.LOGS_ELASTICSEARCH: (
            "logs.to.username",
            isinstance(kept, ElasticsearchLogs) and kept.username is not None,
        ),
        SecretName.TRACES: ("traces.to.token", isinstance(traced, Tempo) and traced.token),
        SecretName.GRAPHRAG: ("app.graphRag.microsoft", settings.app.graph_rag.microsoft),
    }
