"""Kotaemon's default stores (LanceDB, a local Chroma) against the mounted ones in PostgreSQL.

    tests/app/.venv/bin/python -m bench.stores               1,000, 10,000 and 100,000 chunks
    tests/app/.venv/bin/python -m bench.stores 1000 10000    these sizes

Both sides do the same, in turns, in one run: the ratio says how many times as long PostgreSQL takes, and
depends less on the machine than the times do. Beside the speed stands what was found: a search may be fast
because it leaves out the best. The chunks are generated, with the statistics of text.
"""

import importlib.metadata
import logging
import os
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1] / "tests/app"
sys.path.insert(0, str(TESTS))

import conftest  # noqa: E402  what the tests in that folder start
import numpy as np  # noqa: E402
import servers  # noqa: E402
from corpus import Ranking, corpus  # noqa: E402

from bench.measure import machine, seconds  # noqa: E402

SIZES = (1_000, 10_000, 100_000)
FILE = 100  # chunks in a file
TOP = 100  # what Kotaemon asks for: ten times the passages that it keeps
BEST = 10
QUESTIONS = 30
DIMENSIONS = 384
BATCH = 5_000
# As the stack sets up its server of 2 GiB; writes are safe on disk when they return.
POSTGRES = {
    "fsync": "on",
    "shared_buffers": "512MB",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "256MB",
}

Ids = list[str]


def row(what: str, default: float, postgres: float, unit: str = "ms") -> None:
    """One line of the table: both sides, and how many times as long PostgreSQL takes."""
    scale = 1000 if unit == "ms" else 1
    print(
        f"  {what:<34} {default * scale:>11,.1f} {postgres * scale:>11,.1f} {unit:<3} {postgres / default:>7.2f}",
        flush=True,
    )


def heading(size: int, default: str, postgres: str) -> None:
    """The first line of a table."""
    print(f"\n  {f'{size:,} chunks':<34} {default:>11} {postgres:>11} {'':<3} {'ratio':>7}", flush=True)


def in_turns(searches: Sequence[Callable[[int], Ids]]) -> tuple[list[float], list[list[Ids]]]:
    """Each question to one side and then the other: median seconds, and what each found."""
    taken: list[list[float]] = [[] for _ in searches]
    found: list[list[Ids]] = [[] for _ in searches]
    for search in searches:
        search(0)  # connections, caches, plans
    for number in range(QUESTIONS):
        for side, search in enumerate(searches):
            start = time.perf_counter()
            ids = search(number)
            taken[side].append(time.perf_counter() - start)
            found[side].append(ids)
    return [statistics.median(times) for times in taken], found


def share(found: Sequence[Ids], best: Sequence[Ids]) -> float:
    """How many of the ten best are among the first ten found, on average."""
    return statistics.mean(
        len(set(ids[:BEST]) & set(right[:BEST])) / min(BEST, len(right))
        for ids, right in zip(found, best, strict=True)
    )


def compare(what: str, searches: Sequence[Callable[[int], Ids]], best: Sequence[Ids] | None = None) -> None:
    """A line for a search's time, and where `best` is known one for what it found."""
    times, found = in_turns(searches)
    row(what, *times)
    if best:
        shares = [share(ids, best) for ids in found]
        print(f"  {'  of the ten best':<34} {shares[0]:>11.2f} {shares[1]:>11.2f}", flush=True)


def some_files(ids: Ids, number: int) -> Ids:
    """The chunks of two files, others for each question."""
    chosen = random.Random(number).sample(range(len(ids) // FILE), 2)  # noqa: S311
    return [key for file in chosen for key in ids[file * FILE : (file + 1) * FILE]]


def documents(size: int, folder: str) -> None:
    """LanceDB against PostgreSQL's full text."""
    from kotaemon.base import Document

    from kotaemon_postgres import PostgresDocumentStore
    from kotaemon_stores import LanceDB

    made = corpus(size, QUESTIONS)
    ids = [str(uuid.UUID(int=n + 1)) for n in range(size)]
    docs = [Document(id_=key, text=text) for key, text in zip(ids, made.texts, strict=True)]
    ranking = Ranking(made.texts)
    best = [[ids[n] for n in ranking.best(question)[:BEST]] for question in made.questions]
    stores = [LanceDB(f"{folder}/lance", f"d{size}"), PostgresDocumentStore(f"d{size}")]
    heading(size, "LanceDB", "PostgreSQL")

    def load(store: Any) -> None:
        for start in range(0, size, BATCH):  # LanceDB's index is made once, at the end
            store.add(docs[start : start + BATCH], refresh_indices=start + BATCH >= size)

    def search(scope: Callable[[int], Ids | None]) -> list[Callable[[int], Ids]]:
        return [
            lambda n, store=store: [d.doc_id for d in store.query(made.questions[n], TOP, scope(n))]  # type: ignore[misc]
            for store in stores
        ]

    row("load everything", *(seconds(lambda s=s: load(s)) for s in stores), unit="s")  # type: ignore[misc]
    compare("search", search(lambda _: None), best)
    compare("search, given the ids of all", search(lambda _: ids), best)
    compare("search within two files", search(lambda n: some_files(ids, n)))
    more = [Document(id_=str(uuid.uuid4()), text=text) for text in made.texts[:FILE]]
    keys = [d.doc_id for d in more]
    row("add a file of 100 chunks", *(seconds(lambda s=s: s.add(more)) for s in stores))  # type: ignore[misc]
    row("read 100 chunks by their ids", *(seconds(lambda s=s: s.get(keys)) for s in stores))  # type: ignore[misc]
    row("delete a file of 100 chunks", *(seconds(lambda s=s: s.delete(keys)) for s in stores))  # type: ignore[misc]
    stores[1].drop()


def vectors(size: int, folder: str) -> None:
    """A local Chroma against pgvector."""
    from kotaemon.storages import ChromaVectorStore
    from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters

    from kotaemon_pgvector import PgVectorStore

    rng = np.random.default_rng(3)
    centres = rng.normal(size=(300, DIMENSIONS))
    made = centres[rng.integers(0, 300, size)] + rng.normal(size=(size, DIMENSIONS))
    made = np.round(made / np.linalg.norm(made, axis=1, keepdims=True), 6)
    asked = made[rng.integers(0, size, QUESTIONS)] + 0.05 * rng.normal(size=(QUESTIONS, DIMENSIONS))
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    ids = [str(uuid.UUID(int=n + 1)) for n in range(size)]
    best = [[ids[n] for n in np.argsort(-(made @ question))[:BEST]] for question in asked]
    listed, questions = made.tolist(), asked.tolist()
    metadata = [{"file_id": f"f{n // FILE}"} for n in range(size)]
    stores = [ChromaVectorStore(f"{folder}/chroma", f"v{size}"), PgVectorStore(f"v{size}")]
    heading(size, "Chroma", "pgvector")

    def load(store: Any) -> None:
        for start in range(0, size, BATCH):
            some = slice(start, start + BATCH)
            store.add(listed[some], metadata[some], ids[some])

    def within(names: list[str]) -> Any:
        return MetadataFilters(
            filters=[MetadataFilter(key="file_id", value=names, operator=FilterOperator.IN)]  # type: ignore[arg-type]
        )

    def search(**more: Callable[[int], Any]) -> list[Callable[[int], Ids]]:
        return [
            lambda n, store=store: store.query(questions[n], TOP, **{k: v(n) for k, v in more.items()})[2]  # type: ignore[misc]
            for store in stores
        ]

    everything = within(sorted({m["file_id"] for m in metadata}))
    row("load everything", *(seconds(lambda s=s: load(s)) for s in stores), unit="s")  # type: ignore[misc]
    compare("search", search(), best)
    compare("search, given the names of all", search(filters=lambda _: everything), best)
    compare(
        "search within two files",
        search(filters=lambda n: within([f"f{f}" for f in random.Random(n).sample(range(size // FILE), 2)])),  # noqa: S311
    )
    more = [str(uuid.uuid4()) for _ in range(FILE)]
    row(
        "add a file of 100 chunks",
        *(seconds(lambda s=s: s.add(listed[:FILE], [{"file_id": "more"}] * FILE, more)) for s in stores),  # type: ignore[misc]
    )
    row("delete a file of 100 chunks", *(seconds(lambda s=s: s.delete(more)) for s in stores))  # type: ignore[misc]
    stores[1].drop()


@contextmanager
def application(folder: str) -> Iterator[None]:
    """The mounted files importable in this process, with their settings on a server of its own."""
    with servers.postgres(POSTGRES) as running:
        conftest._prepare(running, ("stores",), extension=True)
        os.environ |= {
            "KOTAEMON_TEST_DATA": f"{folder}/data",
            **conftest.login_variables(running, "stores"),
            "KOTAEMON_PG_SSLMODE": "disable",
            "THEFLOW_SETTINGS_MODULE": "kotaemon_settings",
            "GRADIO_ANALYTICS_ENABLED": "False",
            "ANONYMIZED_TELEMETRY": "False",
            "HF_HUB_OFFLINE": "1",
            "LANCEDB_LOG": "error",
        }
        sys.path[:0] = conftest.PATHS
        logging.getLogger("chromadb.telemetry").setLevel(logging.CRITICAL)  # it fails to send, and says so
        from ktem.db.engine import engine
        from sqlalchemy import text

        with engine.connect() as db:
            version = db.execute(text("SHOW server_version")).scalar()
            vector = db.execute(text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")).scalar()
        local = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("lancedb", "chromadb"))
        print(f"{machine()}; {local}, PostgreSQL {version}, pgvector {vector}")
        yield
        engine.dispose()


def main() -> None:
    """Print both tables for each size."""
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    with tempfile.TemporaryDirectory(prefix="kotaemon-bench-") as folder, application(folder):
        print(f"\nDocuments, {QUESTIONS} questions of 8 words, medians")
        for size in sizes:
            documents(size, folder)
        print(f"\nVectors of {DIMENSIONS} dimensions, {QUESTIONS} questions, medians")
        for size in sizes:
            vectors(size, folder)


if __name__ == "__main__":
    main()
