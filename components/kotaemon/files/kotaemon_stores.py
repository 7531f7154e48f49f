"""What Kotaemon's own stores lack for running against servers; PostgreSQL is in kotaemon_postgres.

Mounted beside the settings. theflow imports the classes by the dotted names that kotaemon_settings gives,
once the settings are loaded.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import chromadb
from kotaemon.base import Document
from kotaemon.storages import (
    ChromaVectorStore,
    ElasticsearchDocumentStore,
    LanceDBDocumentStore,
    QdrantVectorStore,
)
from kotaemon.storages.vectorstores.base import LlamaIndexVectorStore
from ktem.index.file.ui import FileSelector
from qdrant_client.models import FieldCondition, Filter, HasIdCondition, MatchAny, MatchValue

_MANY = 10_000  # ids in one request: all servers take at least so many


def as_list(ids: str | list[str]) -> list[str]:
    """One id or several, as a list."""
    return [ids] if isinstance(ids, str) else list(ids)


def _slices(ids: list[str], size: int) -> Iterator[list[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


class Hit(Document):
    """A document that is cheap to compare with a string.

    ktem's hybrid mode evaluates "doc not in vector_ids": up to 10,000 comparisons for a question, for each
    of which pydantic copies the document, and all of which are False.
    """

    def __eq__(self, other: object) -> bool:
        return not isinstance(other, str) and super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # as its base


def hits(documents: Iterable[Document]) -> list[Document]:
    """The documents, cheap to compare."""
    return [Hit(id_=d.doc_id, text=d.text, metadata=d.metadata) for d in documents]


class TextUserFileSelector(FileSelector):
    """FileSelector whose placeholder for the user's id is text, as the SQL column is."""

    def default(self) -> tuple[str, list[str], str]:
        """Mode, selected files and user."""
        mode, selected, user_id = super().default()
        return mode, selected, str(user_id)


class LanceDB(LanceDBDocumentStore):
    """The default store with cheap hits, tolerant of one document and of nothing to delete."""

    def add(self, docs: Document | list[Document], ids: str | list[str] | None = None, **kwargs: Any) -> None:
        """Append the documents: LanceDB keeps an older one of the same id."""
        if docs := docs if isinstance(docs, list) else [docs]:
            super().add(docs, as_list(ids) if ids else None, **kwargs)

    def get(self, ids: str | list[str]) -> list[Document]:
        """The documents found, in the order of the ids."""
        return hits(super().get(ids))

    def query(self, query: str, top_k: int = 10, doc_ids: list[str] | None = None) -> list[Document]:
        """The best documents by BM25; doc_ids, unless empty, limits the search to them."""
        return hits(super().query(query, top_k, doc_ids))

    def delete(self, ids: str | list[str], refresh_indices: bool = True) -> None:
        """Delete those that are there: ktem also asks for none, which LanceDB's filter can't say."""
        if ids and self.collection_name in self.db_connection.table_names():
            super().delete(ids, refresh_indices)


class RemoteChroma(ChromaVectorStore):
    """ChromaVectorStore on a server: upstream's opens a local folder whatever host it is given."""

    def __init__(
        self,
        collection_name: str = "default",
        prefix: str = "",
        host: str = "localhost",
        port: str = "8000",
        ssl: bool = False,
        token: str = "",
    ) -> None:
        self._conf = {
            "collection_name": collection_name,
            "prefix": prefix,
            "host": host,
            "port": port,
            "ssl": ssl,
        }
        client = chromadb.HttpClient(
            host=host,
            port=int(port),
            ssl=ssl,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            settings=chromadb.Settings(anonymized_telemetry=False),
        )
        collection = client.get_or_create_collection(f"{prefix}{collection_name}")
        LlamaIndexVectorStore.__init__(self, chroma_collection=collection)

    def add(
        self,
        embeddings: list[Any],
        metadatas: list[dict[str, Any]] | None = None,
        ids: list[str] | None = None,
    ) -> list[str]:
        """Add vectors; those whose id is there stay as they are."""
        return super().add(embeddings, metadatas, ids) if embeddings else []

    def delete(self, ids: list[str], **kwargs: Any) -> None:
        """Delete those that are there."""
        for some in _slices(as_list(ids), _MANY):
            super().delete(some)

    def __persist_flow__(self) -> dict[str, Any]:
        """The arguments to make this store again, without the token."""
        return dict(self._conf)


def _qdrant(where: dict[str, Any]) -> Filter | FieldCondition:
    """A Chroma "where" dictionary, which ktem uses to look for tables, as a Qdrant filter."""
    ((key, value),) = where.items()
    if key == "$and":
        return Filter(must=[_qdrant(part) for part in value])
    if key == "$or":
        return Filter(should=[_qdrant(part) for part in value])
    ((operator, operand),) = value.items() if isinstance(value, dict) else (("$eq", value),)
    if operator not in ("$eq", "$in"):
        raise ValueError(f"filter operator {operator}: allowed are $eq and $in")
    match = MatchAny(any=operand) if operator == "$in" else MatchValue(value=operand)
    return FieldCondition(key=key, match=match)


class PrefixedQdrant(QdrantVectorStore):
    """QdrantVectorStore whose collections begin with the release's prefix, and whose filters hold.

    The llama-index class ignores the filters when there are no doc_ids, and ignores "where" always.
    """

    def __init__(self, collection_name: str, prefix: str = "", **kwargs: Any) -> None:
        self._conf = {"collection_name": collection_name, "prefix": prefix, "url": kwargs.get("url")}
        super().__init__(collection_name=f"{prefix}{collection_name}", **kwargs)

    def add(
        self,
        embeddings: list[Any],
        metadatas: list[dict[str, Any]] | None = None,
        ids: list[str] | None = None,
    ) -> list[str]:
        """Add vectors, or replace those whose id is there."""
        return super().add(embeddings, metadatas, ids) if embeddings else []

    def query(
        self, embedding: list[float], top_k: int = 1, ids: list[str] | None = None, **kwargs: Any
    ) -> tuple[list[list[float]], list[float], list[str]]:
        """Ids and cosine similarities of the nearest; none while the collection doesn't exist."""
        if not self._client.client.collection_exists(self._collection_name):
            return [], [], []
        must: list[Any] = [HasIdCondition(has_id=ids)] if ids else []
        filters, where, doc_ids = (kwargs.pop(key, None) for key in ("filters", "where", "doc_ids"))
        if filters:
            must.append(self._client._build_subfilter(filters))
        elif doc_ids:  # the ids of the same files' chunks, up to megabytes of them
            must.append(HasIdCondition(has_id=list(doc_ids)))
        if where:
            must.append(_qdrant(where))
        return super().query(embedding, top_k, qdrant_filters=Filter(must=must), **kwargs)

    def delete(self, ids: list[str], **kwargs: Any) -> None:
        """Delete those that are there."""
        if self._client.client.collection_exists(self._collection_name):
            for some in _slices(as_list(ids), _MANY):
                super().delete(some, **kwargs)

    def __persist_flow__(self) -> dict[str, Any]:
        """The arguments to make this store again, without the key."""
        return dict(self._conf)


class OrderedElasticsearch(ElasticsearchDocumentStore):
    """ElasticsearchDocumentStore with a prefix, many ids, and get() in the order of the ids.

    Upstream's get() loses the order, which pairs scores with wrong documents.
    """

    _TERMS = 65_536  # index.max_terms_count
    _WINDOW = 10_000  # index.max_result_window

    def __init__(self, collection_name: str = "docstore", prefix: str = "", **kwargs: Any) -> None:
        self._conf = {
            "collection_name": collection_name,
            "prefix": prefix,
            "elasticsearch_url": kwargs.get("elasticsearch_url"),
        }
        super().__init__(collection_name=f"{prefix}{collection_name}", **kwargs)

    def add(
        self,
        docs: Document | list[Document],
        ids: str | list[str] | None = None,
        refresh_indices: bool = True,
        **kwargs: Any,
    ) -> None:
        """Add documents, or replace those whose id is there."""
        if docs := docs if isinstance(docs, list) else [docs]:
            super().add(docs, ids, refresh_indices, **kwargs)

    def query_raw(self, query: dict[str, Any]) -> list[Document]:
        """The documents that an Elasticsearch query finds."""
        return hits(super().query_raw(query))

    def query(self, query: str, top_k: int = 10, doc_ids: list[str] | None = None) -> list[Document]:
        """The best documents by BM25; doc_ids, unless empty, limits the search to them."""
        if not doc_ids:
            return super().query(query, top_k)
        if len(doc_ids) <= self._TERMS:
            return super().query(query, top_k, doc_ids)
        scope = set(doc_ids)  # so many are most of the collection: drop what is outside afterwards
        return [d for d in super().query(query, self._WINDOW) if d.doc_id in scope][:top_k]

    def get(self, ids: str | list[str]) -> list[Document]:
        """The documents found, in the order of the ids."""
        keys = as_list(ids)
        found = {
            d.doc_id: d
            for some in _slices(keys, self._WINDOW)
            for d in super(OrderedElasticsearch, self).get(some)
        }
        return [found[key] for key in keys if key in found]

    def delete(self, ids: str | list[str]) -> None:
        """Delete those that are there."""
        for some in _slices(as_list(ids), self._WINDOW):
            super().delete(some)

    def drop(self) -> None:
        """Drop the index, if it is there: upstream refreshes it afterwards, which fails."""
        self.client.indices.delete(index=self.index_name, ignore_unavailable=True)

    def __persist_flow__(self) -> dict[str, Any]:
        """The arguments to make this store again, without credentials."""
        return dict(self._conf)
