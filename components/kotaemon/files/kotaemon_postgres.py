"""Kotaemon's documents in PostgreSQL, found by BM25 full-text search.

Mounted beside the settings and imported by theflow when KOTAEMON_DOCSTORE=postgres. Needs PostgreSQL 14 or
later and no extension. The measurements behind the choices are printed by bench/stores.py.

How a search stays fast whatever the corpus: each document keeps its lexemes as keys "lexeme/level", where
the level says how much the lexeme weighs in it (its BM25 factor in eighths). A GIN index finds documents by
key. A query reads the keys by falling weight, stops after a fixed number of postings, and computes exact
BM25 for the best candidates only. How many documents hold a lexeme is counted by triggers, in the same
transaction as the change, so whoever writes, the counts are right.
"""

import string
from typing import Any

from kotaemon.base import Document
from kotaemon.storages import BaseDocumentStore
from sqlalchemy import text
from sqlalchemy.engine import Connection

from kotaemon_sql import ID_ROWS, IDS, clean, engine, exists, schema_lock, table_name, to_json
from kotaemon_stores import Hit, as_list

_BATCH = 1000  # documents in one INSERT


class PostgresDocumentStore(BaseDocumentStore):
    """One table for each collection, made at the first add.

    ktem's hybrid mode puts full-text hits first, so this reads text as the default store does (LanceDB,
    "en_stem"): split at punctuation, stem, keep stop words, match any word, rank by BM25. (ts_rank knows no
    document frequency and would give other answers.)
    """

    K1, B = 1.2, 0.75  # of BM25, as in LanceDB
    LEVELS = 8
    POSTINGS = 5000  # read for one query, at least
    MAX_POSTINGS = 100_000  # read for one query within a narrow scope, at most
    DIRECT = 1000  # a scope of at most so many documents is scored without the index
    _INDEXED = "SELECT seq, sum(weight) AS score FROM hit GROUP BY seq ORDER BY score DESC, seq LIMIT :pool"

    def __init__(
        self, collection_name: str = "default", prefix: str = "kotaemon_doc_", language: str = "english"
    ) -> None:
        if not language.isalpha():
            raise ValueError(f"language {language!r}: allowed are the names of PostgreSQL's stemmers")
        self._conf = {"collection_name": collection_name, "prefix": prefix, "language": language}
        self._language = language
        self._t = table_name(prefix, collection_name)
        self._words = f"{self._t}_df"
        self._cfg = f"{prefix}{language}"
        self._ready = False

    def _create(self) -> None:
        with schema_lock() as db:
            if (
                db.execute(
                    text("SELECT 1 FROM pg_ts_config WHERE cfgname = :c AND pg_ts_config_is_visible(oid)"),
                    {"c": self._cfg},
                ).first()
                is None
            ):
                for ddl in self._dictionary_ddl():
                    db.execute(text(ddl))
            if not exists(db, self._t):
                for ddl in self._table_ddl():
                    db.execute(text(ddl))
        self._ready = True

    def _dictionary_ddl(self) -> list[str]:
        copy = f"CREATE TEXT SEARCH CONFIGURATION {self._cfg} (COPY = {self._language})"
        if self._language == "simple":
            return [copy]
        return [
            # PostgreSQL's own stemmer drops stop words; without a list it keeps them.
            f"CREATE TEXT SEARCH DICTIONARY {self._cfg}_stem (TEMPLATE = snowball, LANGUAGE = {self._language})",
            copy,
            f"ALTER TEXT SEARCH CONFIGURATION {self._cfg}"
            f" ALTER MAPPING REPLACE {self._language}_stem WITH {self._cfg}_stem",
        ]

    def _table_ddl(self) -> list[str]:
        t, words = self._t, self._words
        ddl = [
            # The target moves all long values out of line, so that an index hit reads a small row.
            f"""CREATE TABLE {t} (
                  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, doc_id text NOT NULL UNIQUE,
                  words int NOT NULL, body text NOT NULL, metadata jsonb NOT NULL,
                  keys text[] NOT NULL, tfs smallint[] NOT NULL) WITH (toast_tuple_target = 128)""",
            f"ALTER TABLE {t} ALTER tfs SET STORAGE MAIN",  # but these, which each candidate needs
            f"CREATE INDEX {t}_keys ON {t} USING gin (keys)",
            # The row '' counts the documents and their words.
            f"""CREATE TABLE {words} (lexeme text PRIMARY KEY, docs bigint NOT NULL,
                  words bigint NOT NULL) WITH (fillfactor = 60)""",
        ]
        for event, rows, referencing in (
            ("INSERT", "(SELECT 1 AS sign, keys, words FROM fresh)", "NEW TABLE AS fresh"),
            ("DELETE", "(SELECT -1 AS sign, keys, words FROM gone)", "OLD TABLE AS gone"),
            (
                "UPDATE",
                "(SELECT 1 AS sign, * FROM fresh UNION ALL SELECT -1, * FROM gone)",
                "NEW TABLE AS fresh OLD TABLE AS gone",
            ),
        ):
            name = f"{t}_{event.lower()}"
            ddl += [
                f"""CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                      -- Two writers would take the rows of common words in different orders.
                      PERFORM pg_advisory_xact_lock(CAST(TG_RELID AS bigint));
                      INSERT INTO {words} AS w (lexeme, docs, words)
                        SELECT left(k, -2), sum(c.sign), 0 FROM {rows} c, unnest(c.keys) k GROUP BY 1
                        UNION ALL
                        SELECT '', sum(c.sign), sum(c.sign * c.words) FROM {rows} c HAVING count(*) > 0
                      ON CONFLICT (lexeme) DO UPDATE
                        SET docs = w.docs + excluded.docs, words = w.words + excluded.words;
                      RETURN NULL;
                    END $$""",
                f"""CREATE TRIGGER {name} AFTER {event} ON {t} REFERENCING {referencing}
                    FOR EACH STATEMENT EXECUTE FUNCTION {name}()""",
            ]
        return ddl

    def _tsv(self, expr: str) -> str:
        """to_tsvector without URL, path or number tokens; left(): a tsvector has at most 1 MB."""
        marks = string.punctuation.replace("'", "''").replace(":", r"\:")
        return (
            f"to_tsvector('{self._cfg}', translate(left({expr}, 200000), "
            f"'{marks}', repeat(' ', {len(string.punctuation)})))"
        )

    def _saturated(self, tf: str, words: str, mean: str) -> str:
        """BM25's factor for a term frequency, from 0 to 1, in floats: SQL's decimals are slow."""
        length = f"CAST({words} AS float8) / {mean}"
        return f"{tf} / ({tf} + CAST({self.K1} AS float8) * (CAST({1 - self.B} AS float8) + {self.B} * {length}))"

    def add(
        self, docs: Document | list[Document], ids: str | list[str] | None = None, **kwargs: object
    ) -> None:
        """Insert, or replace where the id is there, all or none; kwargs are for other stores."""
        docs = docs if isinstance(docs, list) else [docs]
        keys = as_list(ids) if ids else [d.doc_id for d in docs]
        rows = list(
            {
                k: {"i": k, "b": d.text or "", "m": d.metadata or {}} for k, d in zip(keys, docs, strict=True)
            }.values()
        )
        if not rows:
            return
        if not self._ready:
            self._create()
        level = (
            f"least({self.LEVELS - 1}, floor({self.LEVELS} * {self._saturated('f', 'l.words', 'm.mean')}))"
        )
        with engine.begin() as db:
            for start in range(0, len(rows), _BATCH):
                db.execute(
                    text(f"""
                    INSERT INTO {self._t} (doc_id, body, metadata, words, keys, tfs)
                    SELECT r.i, r.b, r.m, l.words, k.keys, k.tfs
                    FROM json_to_recordset(CAST(:rows AS json)) AS r(i text, b text, m jsonb)
                    CROSS JOIN (SELECT CAST(coalesce(sum(words / docs), 200) AS float8) AS mean FROM {self._words}
                                WHERE lexeme = '' AND docs > 0 AND words > 0) m
                    CROSS JOIN LATERAL (SELECT {self._tsv("r.b")} AS tsv OFFSET 0) v
                    CROSS JOIN LATERAL (SELECT coalesce(sum(cardinality(positions)), 0) AS words
                                        FROM unnest(v.tsv)) l
                    CROSS JOIN LATERAL (
                      SELECT coalesce(array_agg(lexeme || '/' || {level}), '{{}}') AS keys,
                             coalesce(array_agg(f), '{{}}') AS tfs
                      FROM (SELECT lexeme, cardinality(positions) AS f FROM unnest(v.tsv)) u) k
                    ORDER BY r.i
                    ON CONFLICT (doc_id) DO UPDATE SET body = excluded.body, metadata = excluded.metadata,
                      words = excluded.words, keys = excluded.keys, tfs = excluded.tfs"""),
                    {"rows": to_json(rows[start : start + _BATCH])},
                )
            # Else the next queries read the index's unsorted list of pending entries.
            db.execute(text(f"SELECT gin_clean_pending_list('{self._t}_keys')"))

    def _read(self, query: str, **params: object) -> list[Document]:
        with engine.connect() as db:
            if not exists(db, self._t):
                return []
            rows = db.execute(text(query), params).all()
        return [Hit(id_=i, text=b or "<empty>", metadata=m) for i, b, m in rows]

    def get(self, ids: str | list[str]) -> list[Document]:
        """The documents found, in the order of the ids."""
        keys = as_list(ids)
        if not keys:
            return []
        found = {
            d.doc_id: d
            for d in self._read(
                f"SELECT doc_id, body, metadata FROM {self._t} WHERE doc_id = {IDS}", ids=to_json(keys)
            )
        }
        return [found[k] for k in keys if k in found]

    def get_all(self) -> list[Document]:
        """All documents, in the order of their first insertion."""
        return self._read(f"SELECT doc_id, body, metadata FROM {self._t} ORDER BY seq")

    def count(self) -> int:
        """Number of documents."""
        with engine.connect() as db:
            if not exists(db, self._t):
                return 0
            return int(db.execute(text(f"SELECT count(*) FROM {self._t}")).scalar_one())

    def query(self, query: str, top_k: int = 10, doc_ids: list[str] | None = None) -> list[Document]:
        """The best documents by BM25, at most top_k; doc_ids, unless empty, limits the search to them."""
        scope = set(doc_ids or ())
        params: dict[str, Any] = {"q": clean(query)}
        with engine.begin() as db:
            # A sequential scan or a compiled plan, chosen from poor estimates, would take seconds.
            if (
                db.execute(
                    text(
                        "SELECT to_regclass(:t), set_config('enable_seqscan', 'off', true), "
                        "set_config('jit', 'off', true)"
                    ),
                    {"t": self._t},
                ).scalar()
                is None
            ):
                return []
            if not scope:
                return self._best(db, self._INDEXED, top_k, params)
            total = db.execute(text(f"SELECT docs FROM {self._words} WHERE lexeme = ''")).scalar() or 0
            if 2 * len(scope) >= total:
                # Cheaper to drop what is outside afterwards than to send most of the ids.
                more = 2 * top_k + 20
                found = self._best(db, self._INDEXED, more, params)
                inside = [hit for hit in found if hit.doc_id in scope]
                if len(inside) >= top_k or len(found) < more:
                    return inside[:top_k]
            params["ids"] = to_json(list(scope))
            if len(scope) <= self.DIRECT:
                return self._best(db, f"SELECT seq FROM {self._t} WHERE doc_id = {IDS}", top_k, params)
            params["postings"] = min(self.MAX_POSTINGS, self._postings(top_k) * max(1, total // len(scope)))
            within = self._INDEXED.replace("FROM hit", f"FROM hit WHERE doc_id IN ({ID_ROWS})")
            return self._best(db, within, top_k, params)

    def _postings(self, count: int) -> int:
        return max(self.POSTINGS, 20 * count)

    def _best(self, db: Connection, candidates: str, count: int, params: dict[str, Any]) -> list[Document]:
        values = {"k": count, "pool": max(100, 2 * count), "postings": self._postings(count), **params}
        rows = db.execute(text(self._search(candidates)), values).all()
        return [Hit(id_=i, text=b or "<empty>", metadata=m) for i, b, m in rows]

    def _search(self, candidates: str) -> str:
        factor = self._saturated("u.f", "u.words", "n.mean")
        return f"""
            WITH n AS MATERIALIZED (
                SELECT docs, CAST(greatest(1, words / docs) AS float8) AS mean FROM {self._words}
                WHERE lexeme = '' AND docs > 0),
              key AS MATERIALIZED (
                SELECT w.lexeme || '/' || level AS key, idf, idf * (level + 0.5) AS weight
                FROM {self._words} w, n, generate_series(0, {self.LEVELS - 1}) level,
                  LATERAL (SELECT ln(1 + CAST(n.docs - w.docs + 0.5 AS float8) / (w.docs + 0.5)) AS idf) i
                WHERE w.docs > 0 AND w.lexeme = ANY(tsvector_to_array({self._tsv("CAST(:q AS text)")}))
                ORDER BY weight DESC),
              hit AS (
                SELECT d.seq, d.doc_id, key.weight FROM key CROSS JOIN LATERAL (
                  SELECT seq, doc_id FROM {self._t} WHERE keys @> ARRAY[key.key] OFFSET 0) d
                LIMIT :postings),
              pool AS MATERIALIZED ({candidates}),
              best AS MATERIALIZED (
                SELECT u.seq, sum(key.idf * {factor}) AS score
                FROM (SELECT d.seq, d.words, unnest(d.keys) AS key, unnest(d.tfs) AS f
                      FROM pool JOIN {self._t} d USING (seq) OFFSET 0) u JOIN key USING (key) CROSS JOIN n
                GROUP BY u.seq ORDER BY score DESC, u.seq LIMIT :k)
            SELECT d.doc_id, d.body, d.metadata FROM best JOIN {self._t} d USING (seq)
            ORDER BY best.score DESC, d.seq"""

    def delete(self, ids: str | list[str], **kwargs: object) -> None:
        """Delete those that are there; kwargs are for other stores."""
        with engine.begin() as db:
            if exists(db, self._t):
                db.execute(
                    text(f"DELETE FROM {self._t} WHERE doc_id = {IDS}"), {"ids": to_json(as_list(ids))}
                )

    def drop(self) -> None:
        """Drop the collection; a later add makes it anew."""
        with schema_lock() as db:
            db.execute(text(f"DROP TABLE IF EXISTS {self._t}, {self._words}"))
            for event in ("insert", "update", "delete"):
                db.execute(text(f"DROP FUNCTION IF EXISTS {self._t}_{event}"))
        self._ready = False

    def __persist_flow__(self) -> dict[str, str]:
        """The arguments to make this store again."""
        return dict(self._conf)
