"""Document stores over the real LanceDB and Elasticsearch clients, with upstream's calls."""

import json
from abc import ABC, abstractmethod
from typing import Any

import lancedb
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from kotaemon.base import Document


class BaseDocumentStore(ABC):
    """What a document store must have."""

    @abstractmethod
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    @abstractmethod
    def add(self, docs: Any, ids: Any = None, **kwargs: Any) -> None: ...
    @abstractmethod
    def get(self, ids: Any) -> list[Document]: ...
    @abstractmethod
    def get_all(self) -> list[Document]: ...
    @abstractmethod
    def count(self) -> int: ...
    @abstractmethod
    def query(self, query: str, top_k: int = 10, doc_ids: Any = None) -> list[Document]: ...
    @abstractmethod
    def delete(self, ids: Any) -> None: ...
    @abstractmethod
    def drop(self) -> None: ...


def _quoted(ids: list[str]) -> str:
    return "id in (" + ", ".join(f"'{i}'" for i in ids) + ")"


def _documents(rows: list[dict[str, Any]]) -> list[Document]:
    return [
        Document(id_=r["id"], text=r["text"] or "<empty>", metadata=json.loads(r["attributes"])) for r in rows
    ]


class LanceDBDocumentStore(BaseDocumentStore):
    """A local folder; the full-text index is built anew at each change."""

    def __init__(self, path: str = "lancedb", collection_name: str = "docstore") -> None:
        self.collection_name = collection_name
        self.db_connection = lancedb.connect(path)

    def _index(self) -> None:
        table = self.db_connection.open_table(self.collection_name)
        table.create_fts_index("text", tokenizer_name="en_stem", replace=True)

    def add(self, docs: Any, ids: Any = None, refresh_indices: bool = True, **kwargs: Any) -> None:
        data = [
            {"id": i, "text": d.text, "attributes": json.dumps(d.metadata)}
            for i, d in zip(ids or [d.doc_id for d in docs], docs)
        ]
        if self.collection_name in self.db_connection.table_names():
            self.db_connection.open_table(self.collection_name).add(data)
        else:
            self.db_connection.create_table(self.collection_name, data=data, mode="overwrite")
        if refresh_indices:
            self._index()

    def query(self, query: str, top_k: int = 10, doc_ids: Any = None) -> list[Document]:
        try:
            search = self.db_connection.open_table(self.collection_name).search(query, query_type="fts")
            if doc_ids:
                search = search.where(_quoted(doc_ids), prefilter=True)
            return _documents(search.limit(top_k).to_list())
        except (ValueError, FileNotFoundError):
            return []

    def get(self, ids: Any) -> list[Document]:
        ids = ids if isinstance(ids, list) else [ids]
        if not ids:
            return []
        try:
            table = self.db_connection.open_table(self.collection_name)
            found = _documents(table.search().where(_quoted(ids)).limit(10_000).to_list())
        except (ValueError, FileNotFoundError):
            return []
        by_id = {d.doc_id: d for d in found}
        return [by_id[i] for i in ids if i in by_id]

    def delete(self, ids: Any, refresh_indices: bool = True) -> None:
        ids = ids if isinstance(ids, list) else [ids]
        self.db_connection.open_table(self.collection_name).delete(_quoted(ids))
        if refresh_indices:
            self._index()

    def drop(self) -> None:
        self.db_connection.drop_table(self.collection_name)

    def count(self) -> int:
        raise NotImplementedError

    def get_all(self) -> list[Document]:
        raise NotImplementedError


class ElasticsearchDocumentStore(BaseDocumentStore):
    """One index, made at construction."""

    def __init__(
        self,
        collection_name: str = "docstore",
        elasticsearch_url: str = "http://localhost:9200",
        k1: float = 2.0,
        b: float = 0.75,
        **kwargs: Any,
    ) -> None:
        self.index_name = collection_name
        self.client = Elasticsearch(elasticsearch_url, **kwargs)
        self.es_bulk = bulk
        if not self.client.indices.exists(index=self.index_name):
            similarity = {"custom_bm25": {"type": "BM25", "k1": k1, "b": b}}
            self.client.indices.create(
                index=self.index_name,
                settings={"similarity": similarity},
                mappings={"properties": {"content": {"type": "text", "similarity": "custom_bm25"}}},
            )

    def add(self, docs: Any, ids: Any = None, refresh_indices: bool = True, **kwargs: Any) -> None:
        ids = [ids] if ids and not isinstance(ids, list) else ids
        docs = docs if isinstance(docs, list) else [docs]
        self.es_bulk(
            self.client,
            [
                {
                    "_op_type": "index",
                    "_index": self.index_name,
                    "content": d.text,
                    "metadata": d.metadata,
                    "_id": i,
                }
                for i, d in zip(ids or [d.doc_id for d in docs], docs)
            ],
        )
        if refresh_indices:
            self.client.indices.refresh(index=self.index_name)

    def query_raw(self, query: dict[str, Any]) -> list[Document]:
        found = self.client.search(index=self.index_name, body=query)["hits"]["hits"]
        return [
            Document(id_=h["_id"], text=h["_source"]["content"], metadata=h["_source"]["metadata"])
            for h in found
        ]

    def query(self, query: str, top_k: int = 10, doc_ids: Any = None) -> list[Document]:
        match: dict[str, Any] = {"match": {"content": query}}
        if doc_ids is not None:
            match = {"bool": {"must": [match, {"terms": {"_id": doc_ids}}]}}
        return self.query_raw({"query": match, "size": top_k})

    def get(self, ids: Any) -> list[Document]:
        ids = ids if isinstance(ids, list) else [ids]
        return self.query_raw({"query": {"terms": {"_id": ids}}, "size": 10_000})

    def get_all(self) -> list[Document]:
        return self.query_raw({"query": {"match_all": {}}, "size": 10_000})

    def count(self) -> int:
        return int(self.client.cat.count(index=self.index_name, format="json")[0]["count"])

    def delete(self, ids: Any) -> None:
        ids = ids if isinstance(ids, list) else [ids]
        self.client.delete_by_query(index=self.index_name, body={"query": {"terms": {"_id": ids}}})
        self.client.indices.refresh(index=self.index_name)

    def drop(self) -> None:
        self.client.indices.delete(index=self.index_name)
        self.client.indices.refresh(index=self.index_name)
