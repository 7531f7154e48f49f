"""The parts of the image's settings that the mounted module reads or changes, at their upstream values.

The image also holds a .env file with placeholders, which decouple reads where a variable isn't set: here
they are the defaults.
"""

import os
from pathlib import Path
from typing import Any

from decouple import config
from theflow.settings.default import *  # noqa: F403

KH_APP_DATA_DIR = Path(os.environ["KOTAEMON_TEST_DATA"])  # in the image, /app/ktem_app_data
KH_USER_DATA_DIR = KH_APP_DATA_DIR / "user_data"
KH_USER_DATA_DIR.mkdir(parents=True, exist_ok=True)
KH_APP_VERSION = "0.11.3"
KH_DATABASE = f"sqlite:///{KH_USER_DATA_DIR / 'sql.db'}"
KH_FILESTORAGE_PATH = str(KH_USER_DATA_DIR / "files")
KH_SSO_ENABLED = config("KH_SSO_ENABLED", default=False, cast=bool)
KH_OLLAMA_URL = config("KH_OLLAMA_URL", default="http://localhost:11434/v1/")
KH_DOCSTORE = {
    "__type__": "kotaemon.storages.LanceDBDocumentStore",
    "path": str(KH_USER_DATA_DIR / "docstore"),
}
KH_VECTORSTORE = {
    "__type__": "kotaemon.storages.ChromaVectorStore",
    "path": str(KH_USER_DATA_DIR / "vectorstore"),
}
KH_REASONINGS = [
    "ktem.reasoning.simple.FullQAPipeline",
    "ktem.reasoning.simple.FullDecomposeQAPipeline",
    "ktem.reasoning.react.ReactAgentPipeline",
    "ktem.reasoning.rewoo.RewooAgentPipeline",
]


def _model(
    kind: str, key_name: str = "", key: str = "", default: bool = False, **spec: Any
) -> dict[str, Any]:
    return {
        "spec": {"__type__": f"kotaemon.{kind}", **spec, **({key_name: key} if key_name else {})},
        "default": default,
    }


_openai = config("OPENAI_API_KEY", default="<YOUR_OPENAI_KEY>")
_cohere = config("COHERE_API_KEY", default="<COHERE_API_KEY>")
_google = config("GOOGLE_API_KEY", default="your-key")
_voyage = config("VOYAGE_API_KEY", default="<VOYAGE_API_KEY>")
KH_LLMS: dict[str, dict[str, Any]] = {
    "openai": _model("llms.ChatOpenAI", "api_key", _openai, model="gpt-4o-mini"),
    "claude": _model("llms.chats.LCAnthropicChat", "api_key", "your-key"),
    "google": _model("llms.chats.LCGeminiChat", "api_key", _google, default=True),
    "groq": _model("llms.ChatOpenAI", "api_key", "your-key"),
    "cohere": _model("llms.chats.LCCohereChat", "api_key", _cohere),
    "mistral": _model("llms.ChatOpenAI", "api_key", config("MISTRAL_API_KEY", default="your-key")),
}
KH_EMBEDDINGS: dict[str, dict[str, Any]] = {
    "openai": _model("embeddings.OpenAIEmbeddings", "api_key", _openai),
    "cohere": _model("embeddings.LCCohereEmbeddings", "cohere_api_key", _cohere, user_agent="default"),
    "google": _model("embeddings.LCGoogleEmbeddings", "google_api_key", _google, default=True),
    "mistral": _model(
        "embeddings.LCMistralEmbeddings", "api_key", config("MISTRAL_API_KEY", default="your-key")
    ),
}
KH_RERANKINGS: dict[str, dict[str, Any]] = {
    "cohere": _model("rerankings.CohereReranking", "cohere_api_key", _cohere, default=True),
}
if config("AZURE_OPENAI_API_KEY", default="") and config("AZURE_OPENAI_ENDPOINT", default=""):
    _azure = config("AZURE_OPENAI_API_KEY")
    KH_LLMS["azure"] = _model("llms.AzureChatOpenAI", "api_key", _azure)
    KH_EMBEDDINGS["azure"] = _model("embeddings.AzureOpenAIEmbeddings", "api_key", _azure)
if _voyage:
    KH_EMBEDDINGS["voyageai"] = _model("embeddings.VoyageAIEmbeddings", "api_key", _voyage)
    KH_RERANKINGS["voyageai"] = _model("rerankings.VoyageAIReranking", "api_key", _voyage)
if config("LOCAL_MODEL", default="qwen2.5:7b"):
    _local = config("LOCAL_MODEL", default="qwen2.5:7b")
    KH_LLMS["ollama"] = _model("llms.ChatOpenAI", "api_key", "ollama", base_url=KH_OLLAMA_URL, model=_local)
    KH_LLMS["ollama-long-context"] = _model("llms.LCOllamaChat", model=_local)
    KH_EMBEDDINGS["ollama"] = _model(
        "embeddings.OpenAIEmbeddings",
        "api_key",
        "ollama",
        model=config("LOCAL_MODEL_EMBEDDINGS", default="nomic-embed-text"),
    )
    KH_EMBEDDINGS["fast_embed"] = _model("embeddings.FastEmbedEmbeddings")
