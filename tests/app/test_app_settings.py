"""The settings module, loaded for real with every combination of stores and with every bad variable."""

import itertools
from pathlib import Path

import pytest

from conftest import Cases

NO_PG = {"KOTAEMON_PG_HOST": None}
SERVERS = {
    "KOTAEMON_QDRANT_URL": "http://qdrant:6333",
    "KOTAEMON_CHROMA_HOST": "chroma",
    "KOTAEMON_ES_URL": "http://es:9200",
}
VECTORS = {
    "chroma-local": "kotaemon.storages.ChromaVectorStore",
    "chroma-http": "kotaemon_stores.RemoteChroma",
    "qdrant": "kotaemon_stores.PrefixedQdrant",
    "pgvector": "kotaemon_pgvector.PgVectorStore",
}
DOCUMENTS = {
    "lancedb": "kotaemon_stores.LanceDB",
    "postgres": "kotaemon_postgres.PostgresDocumentStore",
    "elasticsearch": "kotaemon_stores.OrderedElasticsearch",
}
NAMED = """
from theflow.utils.modules import import_dotted_string
answer = [settings.KH_VECTORSTORE["__type__"], settings.KH_DOCSTORE["__type__"]]
for name in answer:
    import_dotted_string(name, safe=False)
"""


@pytest.mark.parametrize(("vectors", "documents"), itertools.product(VECTORS, DOCUMENTS))
def test_every_combination_of_stores_loads_and_names_classes_that_import(
    cases: Cases, vectors: str, documents: str
) -> None:
    outcome = cases(NAMED, KOTAEMON_VECTORSTORE=vectors, KOTAEMON_DOCSTORE=documents, **SERVERS)
    assert outcome.answer == [VECTORS[vectors], DOCUMENTS[documents]], outcome.error


def test_without_any_variable_the_app_is_upstream_s_on_local_files(cases: Cases) -> None:
    outcome = cases("answer = [settings.KH_DATABASE, settings.KH_VECTORSTORE['__type__']]", **NO_PG)
    assert outcome.answer[0].startswith("sqlite:///"), outcome.error
    assert outcome.answer[1] == "kotaemon.storages.ChromaVectorStore"


@pytest.mark.parametrize("documents", ["lancedb", "postgres"])
def test_theflow_makes_the_stores_that_the_settings_describe(cases: Cases, documents: str) -> None:
    code = """
from theflow.utils.modules import deserialize
store = deserialize({**settings.KH_DOCSTORE, "collection_name": "made"}, safe=False)
vectors = deserialize({**settings.KH_VECTORSTORE, "collection_name": "made"}, safe=False)
answer = [type(store).__name__, type(vectors).__name__]
"""
    outcome = cases(code, KOTAEMON_DOCSTORE=documents, KOTAEMON_VECTORSTORE="pgvector")
    assert outcome.answer[1] == "PgVectorStore", outcome.error


BAD = [
    ("KOTAEMON_VECTORSTORE", "milvus", "chroma-local, chroma-http, qdrant, pgvector", {}),
    ("KOTAEMON_DOCSTORE", "mongo", "lancedb, postgres, elasticsearch", {}),
    ("KOTAEMON_PG_PORT", "http", "from 1 to 65535", {}),
    ("KOTAEMON_PG_PORT", "70000", "from 1 to 65535", {}),
    ("KOTAEMON_PG_POOL", "0", "from 1 to 500", {}),
    ("KOTAEMON_PG_SSLMODE", "prefer", "verify-full, verify-ca, require, disable", {}),
    ("KOTAEMON_PG_CA", "/nonexistent/ca.crt", "readable file", {}),
    ("KOTAEMON_PG_LANGUAGE", "klingon", "english", {"KOTAEMON_DOCSTORE": "postgres"}),
    ("KOTAEMON_COLLECTION_PREFIX", "My-App", "a letter first", {}),
    ("KOTAEMON_QDRANT_URL", "qdrant:6333", "http(s)://", {"KOTAEMON_VECTORSTORE": "qdrant"}),
    ("KOTAEMON_CHROMA_PORT", "-1", "from 1 to 65535", {"KOTAEMON_VECTORSTORE": "chroma-http"}),
    ("KOTAEMON_CHROMA_SSL", "yes", "true, false", {"KOTAEMON_VECTORSTORE": "chroma-http"}),
    ("KOTAEMON_ES_URL", "es:9200", "http(s)://", {"KOTAEMON_DOCSTORE": "elasticsearch"}),
    ("KOTAEMON_ES_CA", "/nonexistent", "readable file", {"KOTAEMON_DOCSTORE": "elasticsearch"}),
    ("KOTAEMON_REASONINGS", "simple", "package.module.Class", {}),
    ("KOTAEMON_REASONINGS", "ktem.reasoning.simple.FullQA", "ktem.reasoning.simple.FullQAPipeline", {}),
    ("KH_OLLAMA_URL", "http://ollama:11434", "/v1/", {"LOCAL_MODEL": "qwen"}),
]


@pytest.mark.parametrize(("name", "value", "allowed", "others"), BAD)
def test_a_bad_variable_is_refused_in_one_line_with_its_name_its_value_and_what_is_allowed(
    cases: Cases, name: str, value: str, allowed: str, others: dict[str, str]
) -> None:
    error = cases("", **{**SERVERS, **others, name: value}).error
    assert error.startswith(f"SystemExit: kotaemon_settings: {name}={value!r}"), error
    assert allowed in error
    assert "\n" not in error


MISSING = [
    ("KOTAEMON_PG_HOST", {"KOTAEMON_VECTORSTORE": "pgvector"}),
    ("KOTAEMON_PG_HOST", {"KOTAEMON_DOCSTORE": "postgres"}),
    ("KOTAEMON_PG_USER", {}),
    ("KOTAEMON_PG_PASSWORD", {}),
    ("KOTAEMON_QDRANT_URL", {"KOTAEMON_VECTORSTORE": "qdrant"}),
    ("KOTAEMON_CHROMA_HOST", {"KOTAEMON_VECTORSTORE": "chroma-http"}),
    ("KOTAEMON_ES_URL", {"KOTAEMON_DOCSTORE": "elasticsearch"}),
    (
        "KOTAEMON_ES_PASSWORD",
        {
            "KOTAEMON_DOCSTORE": "elasticsearch",
            "KOTAEMON_ES_URL": "http://es:9200",
            "KOTAEMON_ES_USER": "elastic",
        },
    ),
    ("KH_OLLAMA_URL", {"LOCAL_MODEL_EMBEDDINGS": "nomic-embed-text"}),
    ("KOTAEMON_SESSION_SECRET", {"KH_SSO_ENABLED": "true"}),
]


@pytest.mark.parametrize(("name", "others"), MISSING)
def test_a_missing_variable_is_named_with_what_needs_it(
    cases: Cases, name: str, others: dict[str, str]
) -> None:
    error = cases("", **{**others, name: None}).error
    assert error.startswith(f"SystemExit: kotaemon_settings: {name} is not set, and "), error


def test_no_error_tells_a_secret(cases: Cases) -> None:
    """An Elasticsearch URL with a password in it is refused: the error would otherwise be the place to leak."""
    error = cases(
        "",
        KOTAEMON_DOCSTORE="elasticsearch",
        KOTAEMON_ES_API_KEY="k3y-secret",
        KOTAEMON_ES_URL="http://es:9200",
        KOTAEMON_ES_USER="u",
        KOTAEMON_ES_PASSWORD="pw-secret",
    ).error
    assert "KOTAEMON_ES_API_KEY" in error
    assert "secret" not in error


def test_reasonings_are_the_ones_listed_in_their_order(cases: Cases) -> None:
    """People remove pipelines that need many model calls; a pipeline of their own may be mounted too."""
    wanted = "ktem.reasoning.react.ReactAgentPipeline, mine.pipelines.Short"
    outcome = cases("answer = settings.KH_REASONINGS", KOTAEMON_REASONINGS=wanted)
    assert outcome.answer == ["ktem.reasoning.react.ReactAgentPipeline", "mine.pipelines.Short"], (
        outcome.error
    )
    assert len(cases("answer = settings.KH_REASONINGS").answer) == 4


def test_elasticsearch_gets_its_credentials(cases: Cases) -> None:
    common = {"KOTAEMON_DOCSTORE": "elasticsearch", "KOTAEMON_ES_URL": "https://es:9200"}
    basic = cases(
        "answer = settings.KH_DOCSTORE", **common, KOTAEMON_ES_USER="elastic", KOTAEMON_ES_PASSWORD="pw"
    )
    assert basic.answer["basic_auth"] == ["elastic", "pw"], basic.error
    assert cases("answer = settings.KH_DOCSTORE", **common, KOTAEMON_ES_API_KEY="k").answer["api_key"] == "k"


MODELS = "answer = [settings.KH_LLMS, settings.KH_EMBEDDINGS, settings.KH_RERANKINGS]"
KEYS = {
    "OPENAI_API_KEY": "sk-openai-secret",
    "AZURE_OPENAI_API_KEY": "azure-secret",
    "GOOGLE_API_KEY": "google-secret",
    "COHERE_API_KEY": "cohere-secret",
    "MISTRAL_API_KEY": "mistral-secret",
    "VOYAGE_API_KEY": "voyage-secret",
}
AZURE = {"AZURE_OPENAI_ENDPOINT": "https://azure.example"}


def test_no_provider_s_key_reaches_the_database(cases: Cases) -> None:
    """ktem stores the seeds as they are: a key in one would lie in plain text and never be rotated."""
    outcome = cases(MODELS, **KEYS, **AZURE)
    assert [set(pool) for pool in outcome.answer] == [
        {"openai", "azure", "google", "cohere", "mistral"},
        {"openai", "azure", "google", "cohere", "mistral", "voyageai"},
        {"cohere", "voyageai"},
    ], outcome.error
    assert "secret" not in str(outcome.answer).replace("kotaemon_settings.SECRET", "")


def test_theflow_resolves_every_seed_to_its_provider_s_key_when_it_makes_the_model(cases: Cases) -> None:
    code = """
from theflow.utils.modules import deserialize
answer = {}
for kind in ("LLMS", "EMBEDDINGS", "RERANKINGS"):
    for name, model in getattr(settings, "KH_" + kind).items():
        spec = deserialize({k: v for k, v in model["spec"].items() if k != "__type__"}, safe=False)
        answer[kind + " " + name] = [v for k, v in spec.items() if k.endswith("api_key")]
"""
    outcome = cases(code, **KEYS, **AZURE)
    variables = {
        "openai": "OPENAI_API_KEY",
        "azure": "AZURE_OPENAI_API_KEY",
        "google": "GOOGLE_API_KEY",
        "cohere": "COHERE_API_KEY",
        "mistral": "MISTRAL_API_KEY",
        "voyageai": "VOYAGE_API_KEY",
    }
    assert outcome.answer == {name: [KEYS[variables[name.split()[1]]]] for name in outcome.answer}, (
        outcome.error
    )
    assert len(outcome.answer) == 13


@pytest.mark.parametrize(
    ("variables", "llms", "embeddings"),
    [
        ({"OPENAI_API_KEY": "k", "GOOGLE_API_KEY": "k"}, ["openai", "google"], ["openai", "google"]),
        (
            {"AZURE_OPENAI_API_KEY": "k", "MISTRAL_API_KEY": "k", **AZURE},
            ["azure", "mistral"],
            ["azure", "mistral"],
        ),
        ({"GOOGLE_API_KEY": "k", "COHERE_API_KEY": "k"}, ["google", "cohere"], ["google", "cohere"]),
        (
            {
                "LOCAL_MODEL": "qwen",
                "LOCAL_MODEL_EMBEDDINGS": "nomic",
                "KH_OLLAMA_URL": "http://ollama:11434/v1/",
            },
            ["ollama", "ollama-long-context"],
            ["ollama"],
        ),
        (
            {
                "OPENAI_API_KEY": "k",
                "LOCAL_MODEL": "",
                "LOCAL_MODEL_EMBEDDINGS": "nomic",
                "KH_OLLAMA_URL": "http://ollama:11434/v1/",
            },
            ["openai"],
            ["openai", "ollama"],
        ),
    ],
)
def test_only_configured_models_are_seeded_and_the_first_is_the_default(
    cases: Cases, variables: dict[str, str], llms: list[str], embeddings: list[str]
) -> None:
    """Upstream seeds "claude", "groq" and others with the key "your-key": models that fail when chosen."""
    outcome = cases(MODELS, **variables)
    for pool, names in zip(outcome.answer, (llms, embeddings)):
        assert list(pool) == names, outcome.error
        assert [name for name in names if pool[name]["default"]] == names[:1]


def test_a_reference_still_resolves_when_its_key_is_taken_away(cases: Cases) -> None:
    """The row stays in the database, and one that can't be resolved stops the app at start."""
    code = """
from theflow.utils.modules import deserialize
answer = [deserialize("{{ kotaemon_settings.SECRET_%s }}" % n, safe=False)
          for n in ("OPENAI", "AZURE", "GOOGLE", "COHERE", "MISTRAL", "VOYAGEAI")]
"""
    outcome = cases(code)
    assert all(key.endswith("-is-not-set") for key in outcome.answer), outcome.error
    assert "COHERE_API_KEY" in outcome.answer[3]  # how upstream's reranker knows that there is none


def test_a_reranker_is_there_even_without_a_key(cases: Cases) -> None:
    """Retrieval asks for the default reranker before it looks whether one is to be used."""
    outcome = cases(MODELS, OPENAI_API_KEY="k", VOYAGE_API_KEY="")
    assert list(outcome.answer[2]) == ["cohere"], outcome.error
    assert "SECRET_COHERE" in str(outcome.answer[2])


def test_the_session_secret_signs_the_single_sign_on_cookie(cases: Cases) -> None:
    code = "import gradiologin; answer = gradiologin.mount_gradio_app.keywords"
    outcome = cases(code, KH_SSO_ENABLED="true", KOTAEMON_SESSION_SECRET="s3cret")
    assert outcome.answer == {"secret_key": "s3cret"}, outcome.error


def test_nothing_is_fetched_or_written_beside_the_code_at_start(cases: Cases) -> None:
    code = """
import gradio.component_meta, nltk, os, signal, tiktoken
answer = [nltk.download("punkt_tab"), gradio.component_meta.create_or_modify_pyi(None, "", []),
          tiktoken.encoding_for_model("gpt-3.5-turbo").encode("hello"),
          signal.getsignal(signal.SIGTERM) is signal.default_int_handler]
"""
    outcome = cases(code)
    assert outcome.answer == [False, None, [15339], True], outcome.error


def test_a_pod_makes_the_folders_of_all_indices_at_start(cases: Cases, tmp_path: Path) -> None:
    """Only the pod that creates an index makes its folder; uploads through any other would fail."""
    made = cases("""
from ktem.db.engine import engine
from sqlalchemy import text
with engine.begin() as db:
    db.execute(text("CREATE TABLE ktem__index (id int PRIMARY KEY)"))
    db.execute(text("INSERT INTO ktem__index VALUES (1), (7)"))
""")
    assert not made.error
    # With a store whose port is a number that is read as well: a second start is not like the first one.
    outcome = cases(
        "answer = settings.KH_VECTORSTORE['port']",
        KH_FILESTORAGE_PATH=str(tmp_path / "files"),
        KOTAEMON_VECTORSTORE="chroma-http",
        **SERVERS,
    )
    assert outcome.answer == "8000", outcome.error
    assert sorted(p.name for p in (tmp_path / "files").iterdir()) == ["index_1", "index_7"]
    error = cases("", KH_FILESTORAGE_PATH="/dev/null/files").error
    assert error.startswith(
        "SystemExit: kotaemon_settings: KH_FILESTORAGE_PATH='/dev/null/files': can't write"
    )
