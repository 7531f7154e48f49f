"""What the container's environment says: pure functions from settings and contracts.

Kotaemon itself reads few settings from the environment (flowsettings.py of v0.11.3); the variables that
start with KOTAEMON_ are read by the mounted settings module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components.config import SecretName
from components.config.app import App, Models, Reasoning
from components.contracts import DatabaseAccess, DocumentAccess, SecretRef, VectorAccess, VectorStore

DATA = "/app/ktem_app_data"  # where flowsettings.py puts it: nothing else can be chosen
FILES = f"{DATA}/user_data/files"
MOUNTED = "/etc/kotaemon"
DRIVER = "pgdriver.zip"
CA = "/etc/kotaemon-ca"
SIGN_IN = "/etc/kotaemon-sign-in"
SCRATCH = "/tmp"  # noqa: S108  in the container
PORT = 7860
PYTHON = "/app/.venv/bin/python"

_PIPELINES = {
    Reasoning.FULL_QA: "ktem.reasoning.simple.FullQAPipeline",
    Reasoning.DECOMPOSE: "ktem.reasoning.simple.FullDecomposeQAPipeline",
    Reasoning.REACT: "ktem.reasoning.react.ReactAgentPipeline",
    Reasoning.REWOO: "ktem.reasoning.rewoo.RewooAgentPipeline",
}


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Plain variables and those that come from Secrets."""

    values: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Mapping[str, SecretRef] = field(default_factory=dict)

    def __or__(self, other: "Environment") -> "Environment":
        return Environment(values={**self.values, **other.values}, secrets={**self.secrets, **other.secrets})


def flag(on: bool) -> str:
    """A boolean as Kotaemon reads it."""
    return "true" if on else "false"


def process(*, behind_sign_in: bool = False) -> Environment:
    """What the process needs to run non-root, on a read-only root, without internet.

    `behind_sign_in` has it listen for the proxy in its own pod alone: there is no way around that.
    """
    return Environment(
        values={
            "GRADIO_SERVER_NAME": "127.0.0.1" if behind_sign_in else "0.0.0.0",  # noqa: S104  in the pod
            "GRADIO_SERVER_PORT": str(PORT),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "GRADIO_TEMP_DIR": f"{SCRATCH}/gradio",
            "HOME": f"{SCRATCH}/home",
            "TMPDIR": SCRATCH,
            "MPLCONFIGDIR": f"{SCRATCH}/matplotlib",
            "NUMBA_CACHE_DIR": f"{SCRATCH}/numba",
            "USER": "kotaemon",  # the uid has no name in the image, and torch asks for one
            # Microsoft GraphRAG starts `python` by that name.
            "PATH": "/app/.venv/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONPATH": f"{MOUNTED}:{MOUNTED}/{DRIVER}:/app",
            "THEFLOW_SETTINGS_MODULE": "kotaemon_settings",
            "NO_PROXY": "localhost,127.0.0.1,.svc,.cluster.local",
        }
    )


def stores(
    database: DatabaseAccess, vectors: VectorAccess, documents: DocumentAccess, prefix: str
) -> Environment:
    """Where the release keeps everything; `prefix` begins the names of its collections and tables."""
    values: dict[str, pulumi.Input[str]] = {
        "KOTAEMON_PG_HOST": database.endpoint.host,
        "KOTAEMON_PG_PORT": str(database.endpoint.port),
        "KOTAEMON_PG_DATABASE": database.database,
        "KOTAEMON_PG_USER": database.username,
        "KOTAEMON_PG_SSLMODE": database.ssl_mode,
        "KOTAEMON_VECTORSTORE": vectors.kind.value,
        "KOTAEMON_DOCSTORE": documents.kind.value,
        "KOTAEMON_PG_LANGUAGE": documents.language,
        "KOTAEMON_COLLECTION_PREFIX": f"{prefix}_",
    }
    secrets: dict[str, SecretRef] = {}
    if database.password is not None:
        secrets["KOTAEMON_PG_PASSWORD"] = database.password
    else:
        values["KOTAEMON_PG_PASSWORD"] = "unused"  # noqa: S105  the proxy shows a token instead
    if database.ca is not None:
        values["KOTAEMON_PG_CA"] = f"{CA}/ca.crt"
    if vectors.endpoint is not None and vectors.kind is VectorStore.QDRANT:
        values["KOTAEMON_QDRANT_URL"] = f"http://{vectors.endpoint.address}"
        if vectors.api_key is not None:
            secrets["KOTAEMON_QDRANT_API_KEY"] = vectors.api_key
    if vectors.endpoint is not None and vectors.kind is VectorStore.CHROMA:
        values["KOTAEMON_CHROMA_HOST"] = vectors.endpoint.host
        values["KOTAEMON_CHROMA_PORT"] = str(vectors.endpoint.port)
        if vectors.api_key is not None:
            secrets["KOTAEMON_CHROMA_TOKEN"] = vectors.api_key
    if documents.endpoint is not None:
        values["KOTAEMON_ES_URL"] = f"http://{documents.endpoint.address}"
        if documents.username is not None and documents.password is not None:
            values["KOTAEMON_ES_USER"] = documents.username
            secrets["KOTAEMON_ES_PASSWORD"] = documents.password
    return Environment(values=values, secrets=secrets)


def models(settings: Models, supplied: Mapping[SecretName, SecretRef]) -> Environment:
    """Which model providers there are. What is off is left out: an empty variable would seed a broken model."""
    # The image's .env holds placeholders for these two, which only an empty variable takes back.
    values = {"LOCAL_MODEL": "", "VOYAGE_API_KEY": ""}
    keys: dict[str, SecretName] = {}
    if (openai := settings.openai) is not None:
        values |= {
            "OPENAI_API_BASE": openai.base_url,
            "OPENAI_CHAT_MODEL": openai.chat_model,
            "OPENAI_EMBEDDINGS_MODEL": openai.embedding_model,
        }
        keys["OPENAI_API_KEY"] = SecretName.OPENAI
    if (azure := settings.azure_openai) is not None:
        values |= {
            "AZURE_OPENAI_ENDPOINT": azure.endpoint,
            "OPENAI_API_VERSION": azure.api_version,
            "AZURE_OPENAI_CHAT_DEPLOYMENT": azure.chat_deployment,
            "AZURE_OPENAI_EMBEDDINGS_DEPLOYMENT": azure.embeddings_deployment,
        }
        if azure.vision_deployment is not None:
            values["OPENAI_VISION_DEPLOYMENT_NAME"] = azure.vision_deployment
        keys["AZURE_OPENAI_API_KEY"] = SecretName.AZURE_OPENAI
    if (ollama := settings.ollama) is not None:
        values |= {
            "KH_OLLAMA_URL": ollama.url,
            "LOCAL_MODEL": ollama.chat_model,
            "LOCAL_MODEL_EMBEDDINGS": ollama.embedding_model,
        }
    if (voyage := settings.voyage) is not None:
        del values["VOYAGE_API_KEY"]
        values["VOYAGE_EMBEDDINGS_MODEL"] = voyage.embedding_model
        keys["VOYAGE_API_KEY"] = SecretName.VOYAGE
    for section, variable, name in (
        (settings.google, "GOOGLE_API_KEY", SecretName.GOOGLE),
        (settings.cohere, "COHERE_API_KEY", SecretName.COHERE),
        (settings.mistral, "MISTRAL_API_KEY", SecretName.MISTRAL),
        (settings.tavily, "TAVILY_API_KEY", SecretName.TAVILY),
    ):
        if section is not None:
            keys[variable] = name
    return Environment(values=values, secrets={variable: supplied[name] for variable, name in keys.items()})


def features(
    app: App, with_models: bool, supplied: Mapping[SecretName, SecretRef], admin: SecretRef
) -> Environment:
    """What people see. With a provider configured, the wizard that asks for a key at first login is left out."""
    graph, multimodal = app.graph_rag, app.multimodal
    values = {
        "KH_GRADIO_SHARE": "false",
        "KH_DEMO_MODE": "false",
        "KH_SSO_ENABLED": "false",
        "KH_ENABLE_FIRST_SETUP": flag(not with_models),
        "KH_FEATURE_USER_MANAGEMENT": "true",
        "KH_FEATURE_USER_MANAGEMENT_ADMIN": app.admin.username,
        "KH_FEATURE_CHAT_SUGGESTION": flag(app.chat_suggestions),
        "KOTAEMON_REASONINGS": ",".join(_PIPELINES[reasoning] for reasoning in app.reasonings),
        "USE_LOW_LLM_REQUESTS": flag(app.low_llm_requests),
        "USE_MS_GRAPHRAG": flag(graph.microsoft),
        "USE_NANO_GRAPHRAG": flag(graph.nano),
        "USE_LIGHTRAG": flag(graph.light),
        "USE_GLOBAL_GRAPHRAG": flag(graph.global_search),
        "USE_CUSTOMIZED_GRAPHRAG_SETTING": flag(graph.settings_file is not None),
        "USE_MULTIMODAL": flag(multimodal.enabled),
        # Docling's models come from the hub at first use; nothing else may go there.
        "HF_HUB_OFFLINE": "0" if multimodal.docling else "1",
    }
    secrets = {"KH_FEATURE_USER_MANAGEMENT_PASSWORD": admin}
    if graph.microsoft:
        secrets["GRAPHRAG_API_KEY"] = supplied.get(SecretName.GRAPHRAG) or supplied[SecretName.OPENAI]
    if multimodal.azure_document_intelligence is not None:
        values["AZURE_DI_ENDPOINT"] = multimodal.azure_document_intelligence.endpoint
        secrets["AZURE_DI_CREDENTIAL"] = supplied[SecretName.AZURE_DOCUMENT_INTELLIGENCE]
    if multimodal.adobe:
        secrets["PDF_SERVICES_CLIENT_ID"] = supplied[SecretName.ADOBE_CLIENT_ID]
        secrets["PDF_SERVICES_CLIENT_SECRET"] = supplied[SecretName.ADOBE_CLIENT_SECRET]
    return Environment(values=values, secrets=secrets)
