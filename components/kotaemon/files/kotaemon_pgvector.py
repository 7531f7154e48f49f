"""Kotaemon's vectors in PostgreSQL with pgvector 0.8 or later.

Mounted beside the settings and imported by theflow when KOTAEMON_VECTORSTORE=pgvector. The extension must
exist: CREATE EXTENSION vector needs a superuser, so it is done when the database is set up.
"""

import json
import math
import uuid
from typing import Any

from kotaemon.base import DocumentWithEmbedding
from kotaemon.storages import BaseVectorStore
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters
from sqlalchemy import text

from kotaemon_sql import IDS, engine, exists, schema_lock, table_name, to_json
from kotaemon_stores import as_list

_BATCH = 1000  # vectors in one INSERT
_OPERATORS = {
    "==": "= ANY",
    "$eq": "= ANY",
    "in": "= ANY",
    "$in": "= ANY",
    "!=": "<> ALL",
    "$ne": "<> ALL",
    "nin": "<> ALL",
    "$nin": "<> ALL",
}


def _kind(dimensions: int) -> str:
    """The type that an HNSW index takes: full precision while it can."""
    if dimensions > 4000:
        raise ValueError(f"pgvector indexes at most 4000 dimensions, this embedding model has {dimensions}")
    return "vector" if dimensions <= 2000 else "halfvec"


class PgVectorStore(BaseVectorStore):
    """One table for each collection, made at the first add, which gives the dimensions."""

    def __init__(self, collection_name: str = "default", prefix: str = "kotaemon_vec_") -> None:
        self._conf = {"collection_name": collection_name, "prefix": prefix}
        self._t, self._ready = table_name(prefix, collection_name), False

    def index_ddl(self, dimensions: int) -> str:
        """The statement that makes the nearest-neighbour index, with pgvector's defaults."""
        return (
            f"CREATE INDEX IF NOT EXISTS {self._t}_hnsw ON {self._t} "
            f"USING hnsw (embedding {_kind(dimensions)}_cosine_ops)"
        )

    def _create(self, dimensions: int) -> None:
        kind = _kind(dimensions)
        with schema_lock() as db:
            if exists(db, self._t):
                return
            db.execute(
                text(
                    f"CREATE TABLE {self._t} (id text PRIMARY KEY, "
                    f"embedding {kind}({dimensions}) NOT NULL, metadata jsonb NOT NULL)"
                )
            )
            db.execute(text(self.index_ddl(dimensions)))
            db.execute(text(f"CREATE INDEX {self._t}_file ON {self._t} ((metadata->>'file_id'))"))

    def add(
        self,
        embeddings: list[list[float]] | list[DocumentWithEmbedding],
        metadatas: list[dict[str, Any]] | None = None,
        ids: list[str] | None = None,
    ) -> list[str]:
        """Insert vectors, or replace those whose id is there, all or none; returns the ids."""
        rows: dict[str, dict[str, Any]] = {}
        dimensions = 0
        for n, item in enumerate(embeddings):
            document = item if isinstance(item, DocumentWithEmbedding) else None
            vector: list[float] = list(item.embedding if document else item)  # type: ignore[union-attr,arg-type]
            metadata = metadatas[n] if metadatas else document.metadata if document else {}
            key = ids[n] if ids else document.doc_id if document else str(uuid.uuid4())
            dimensions = len(vector)
            # Only short scalars can be filtered on; page images would be kept twice.
            rows[key] = {
                "i": key,
                "e": str(vector),
                "m": {
                    k: v
                    for k, v in metadata.items()
                    if isinstance(v, (str, int, float, bool)) and len(str(v)) <= 512
                },
            }
        if not rows:
            return []
        if not self._ready:
            self._create(dimensions)
            self._ready = True
        # In one order everywhere, else two writers of the same ids could wait for each other.
        ordered = [rows[key] for key in sorted(rows)]
        with engine.begin() as db:
            for start in range(0, len(ordered), _BATCH):
                db.execute(
                    text(f"""
                    INSERT INTO {self._t} SELECT i, CAST(e AS {_kind(dimensions)}), m
                    FROM json_to_recordset(CAST(:rows AS json)) AS r(i text, e text, m jsonb)
                    ON CONFLICT (id) DO UPDATE
                    SET embedding = excluded.embedding, metadata = excluded.metadata"""),
                    {"rows": to_json(ordered[start : start + _BATCH])},
                )
        return list(rows)

    def delete(self, ids: list[str], **kwargs: object) -> None:
        """Delete those that are there; kwargs are for other stores."""
        with engine.begin() as db:
            if exists(db, self._t):
                db.execute(text(f"DELETE FROM {self._t} WHERE id = {IDS}"), {"ids": to_json(as_list(ids))})

    def _where(self, condition: Any, params: dict[str, Any]) -> str:
        """SQL for llama-index MetadataFilters or for a Chroma "where" dictionary, both nest."""
        if isinstance(condition, MetadataFilters):
            glue = " OR " if condition.condition == "or" else " AND "
            return "(" + (glue.join(self._where(f, params) for f in condition.filters) or "true") + ")"
        if isinstance(condition, MetadataFilter):
            key, operator, value = condition.key, condition.operator.value, condition.value
        else:
            ((key, value),) = condition.items()
            if key in ("$and", "$or"):
                return "(" + f" {key[1:].upper()} ".join(self._where(c, params) for c in value) + ")"
            ((operator, value),) = value.items() if isinstance(value, dict) else (("$eq", value),)
        if operator not in _OPERATORS:
            raise ValueError(f"filter operator {operator}: allowed are {', '.join(_OPERATORS)}")
        name = f"p{len(params)}"
        params[name] = to_json(
            [
                v if isinstance(v, str) else json.dumps(v)
                for v in (value if isinstance(value, list) else [value])
            ]
        )
        # The key is inlined, quoted, so that the expression index on file_id is used.
        field = key.replace("'", "''").replace(":", r"\:")
        return (
            f"metadata->>'{field}' {_OPERATORS[operator]}"
            f"(ARRAY(SELECT json_array_elements_text(CAST(:{name} AS json))))"
        )

    def query(
        self, embedding: list[float], top_k: int = 1, ids: list[str] | None = None, **kwargs: Any
    ) -> tuple[list[list[float]], list[float], list[str]]:
        """Nothing, scores and ids; "filters" (llama-index) and "where" (Chroma) restrict.

        Scores are exp(-squared L2), as from ChromaVectorStore, for vectors of length one. Like Chroma,
        "doc_ids" and "mode" are ignored: ktem passes the same files in "filters". Embeddings come back
        empty: no caller reads them.
        """
        params: dict[str, Any] = {"v": str(list(embedding)), "k": top_k}
        conditions = [self._where(f, params) for f in (kwargs.get("filters"), kwargs.get("where")) if f]
        if ids:
            conditions.append(f"id = {IDS}")
            params["ids"] = to_json(ids)
        with engine.begin() as db:
            # The defaults would return at most 40 rows, and fewer still after a filter. 200 find 0.96 of the ten
            # nearest to a vague question where 100 find 0.88, for a tenth more time.
            if (
                db.execute(
                    text(
                        "SELECT to_regclass(:t), set_config('hnsw.ef_search', :n, true), "
                        "set_config('hnsw.iterative_scan', 'strict_order', true)"
                    ),
                    {"t": self._t, "n": str(min(1000, max(200, 2 * top_k)))},
                ).scalar()
                is None
            ):
                return [], [], []
            rows = db.execute(text(self.search(len(embedding), conditions)), params).all()
        return [], [math.exp(-2 * row.distance) for row in rows], [row.id for row in rows]

    def search(self, dimensions: int, conditions: list[str]) -> str:
        """The query for the :k nearest to :v that meet the conditions."""
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        return (
            f"SELECT id, embedding <=> CAST(:v AS {_kind(dimensions)}) AS distance "
            f"FROM {self._t} {where} ORDER BY distance LIMIT :k"
        )

    def drop(self) -> None:
        """Drop the collection; a later add makes it anew."""
        with schema_lock() as db:
            db.execute(text(f"DROP TABLE IF EXISTS {self._t}"))
        self._ready = False

    def __persist_flow__(self) -> dict[str, str]:
        """The arguments to make this store again."""
        return dict(self._conf)
