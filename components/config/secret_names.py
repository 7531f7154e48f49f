"""The secrets that a user may supply, each as a Pulumi secret or as an existing Kubernetes Secret."""

from enum import StrEnum


class SecretName(StrEnum):
    """What `pulumi config set --secret NAME` and `kotaemon:secrets` accept."""

    OPENAI = "openaiApiKey"
    AZURE_OPENAI = "azureOpenaiApiKey"
    GOOGLE = "googleApiKey"
    COHERE = "cohereApiKey"
    MISTRAL = "mistralApiKey"
    VOYAGE = "voyageApiKey"
    TAVILY = "tavilyApiKey"
    GRAPHRAG = "graphragApiKey"
    AZURE_DOCUMENT_INTELLIGENCE = "azureDocumentIntelligenceKey"
    ADOBE_CLIENT_ID = "adobeClientId"
    ADOBE_CLIENT_SECRET = "adobeClientSecret"  # noqa: S105  # a name, not a secret
    POSTGRES = "postgresPassword"
    ADMIN = "adminPassword"
    OIDC_CLIENT = "oidcClientSecret"  # a name, not a secret
    SLACK_WEBHOOK = "slackWebhook"
    PAGERDUTY = "pagerdutyKey"
    SMTP = "smtpPassword"
    ALERT_WEBHOOK = "alertWebhook"
    DEAD_MANS_SWITCH = "deadMansSwitch"
    LOKI = "lokiPassword"
    LOGS_ELASTICSEARCH = "logsElasticsearchPassword"
    TRACES = "tracesToken"


PURPOSE = {
    SecretName.OPENAI: "OpenAI's API key; turns OpenAI on",
    SecretName.AZURE_OPENAI: "Azure OpenAI's API key",
    SecretName.GOOGLE: "Google Gemini's API key; turns Gemini on",
    SecretName.COHERE: "Cohere's API key; turns Cohere and its reranker on",
    SecretName.MISTRAL: "Mistral's API key; turns Mistral on",
    SecretName.VOYAGE: "Voyage AI's API key; turns its embeddings and reranker on",
    SecretName.TAVILY: "Tavily's API key; turns web search on",
    SecretName.GRAPHRAG: "key that Microsoft GraphRAG uses; OpenAI's where it isn't given",
    SecretName.AZURE_DOCUMENT_INTELLIGENCE: "key of Azure Document Intelligence",
    SecretName.ADOBE_CLIENT_ID: "Adobe PDF Services' client id",
    SecretName.ADOBE_CLIENT_SECRET: "Adobe PDF Services' client secret",
    SecretName.POSTGRES: "password of the role on an external PostgreSQL server",
    SecretName.ADMIN: "password of the first administrator; generated where it isn't given",
    SecretName.OIDC_CLIENT: "secret of the client that signs people in (kotaemon:edge.auth)",
    SecretName.SLACK_WEBHOOK: "URL of Slack's incoming webhook, for alerts",
    SecretName.PAGERDUTY: "integration key of PagerDuty's Events API v2, for alerts",
    SecretName.SMTP: "password of the account at the mail server, for alerts",
    SecretName.ALERT_WEBHOOK: "URL that gets Alertmanager's JSON",
    SecretName.DEAD_MANS_SWITCH: "URL that is called as long as monitoring works",
    SecretName.LOKI: "password of the user that writes logs to Loki",
    SecretName.LOGS_ELASTICSEARCH: "password of the user that writes logs to Elasticsearch",
    SecretName.TRACES: "token that traces are sent to Tempo with",
}
