"""The vector stores answer the same tests; PostgreSQL and Chroma are servers, Qdrant is its client's local mode."""

import math
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

DIMENSIONS = 64


@pytest.fixture(params=["pgvector", "chroma", "qdrant"])
def make(request: pytest.FixtureRequest, app: None) -> Iterator[Any]:
    """A function that opens the collection of this test, as each pod does."""
    import qdrant_client

    from kotaemon_pgvector import PgVectorStore
    from kotaemon_stores import PrefixedQdrant, RemoteChroma

    name = f"c{uuid.uuid4().hex[:8]}"
    if request.param == "pgvector":
        yield lambda: PgVectorStore(name)
        PgVectorStore(name).drop()
    elif request.param == "chroma":
        server = request.getfixturevalue("chroma")
        yield lambda: RemoteChroma(name, "test_", server.host, str(server.port), token=server.token)
    else:
        client = qdrant_client.QdrantClient(":memory:")
        yield lambda: PrefixedQdrant(name, "test_", client=client)


def unit(count: int, seed: int = 1, dimensions: int = DIMENSIONS) -> list[list[float]]:
    """Vectors of length one."""
    vectors = np.random.default_rng(seed).normal(size=(count, dimensions))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).tolist()


def keys(count: int) -> list[str]:
    return [str(uuid.UUID(int=n + 1)) for n in range(count)]


def within(*files: str) -> Any:
    """The filter that ktem passes: the files to search in."""
    from llama_index.core.vector_stores import (
        FilterCondition,
        FilterOperator,
        MetadataFilter,
        MetadataFilters,
    )

    return MetadataFilters(
        condition=FilterCondition.OR,
        filters=[MetadataFilter(key="file_id", value=list(files), operator=FilterOperator.IN)],
    )


def filled(make: Any, count: int = 40) -> tuple[list[str], list[list[float]]]:
    names, vectors = keys(count), unit(count)
    make().add(vectors, [{"file_id": f"f{n % 4}", "page_label": str(n)} for n in range(count)], names)
    return names, vectors


def test_the_nearest_come_first_with_falling_scores(make: Any) -> None:
    names, vectors = filled(make)
    _, scores, found = make().query(vectors[7], top_k=5)
    nearest = np.argsort(-np.array(vectors) @ np.array(vectors[7]))[:5]
    assert found == [names[n] for n in nearest]
    assert scores == sorted(scores, reverse=True)
    assert math.isclose(scores[0], 1, abs_tol=1e-4)


def test_a_filter_by_file_holds_with_and_without_the_chunks_ids(make: Any) -> None:
    """The files are the user's own. llama-index's Qdrant class ignores the filter when no ids come along."""
    names, vectors = filled(make)
    for more in ({}, {"doc_ids": names[1::4]}):
        _, _, found = make().query(vectors[0], top_k=40, filters=within("f1"), **more)
        assert set(found) == set(names[1::4])
    assert make().query(vectors[0], top_k=40, filters=within("nobody"))[2] == []
    assert set(make().query(vectors[0], top_k=40, filters=within("f1", "f3"))[2]) == {
        *names[1::4],
        *names[3::4],
    }


def test_the_filter_for_tables_holds(make: Any) -> None:
    names, vectors = filled(make)
    one = {"$and": [{"file_id": {"$eq": "f2"}}, {"page_label": {"$in": ["2", "6", "7"]}}]}
    both = {"$or": [one, {"$and": [{"file_id": {"$eq": "f3"}}, {"page_label": {"$in": ["3"]}}]}]}
    assert set(make().query(vectors[0], top_k=40, where=one)[2]) == {names[2], names[6]}
    assert set(make().query(vectors[0], top_k=40, where=both)[2]) == {names[2], names[6], names[3]}


def test_deleted_vectors_are_gone_and_deleting_nothing_is_fine(make: Any) -> None:
    names, vectors = filled(make)
    make().delete(names[:2])
    make().delete([])
    assert not set(names[:2]) & set(make().query(vectors[0], top_k=40)[2])
    assert len(make().query(vectors[0], top_k=40)[2]) == 38


def test_a_dropped_collection_can_be_filled_again_with_other_dimensions(make: Any) -> None:
    """An administrator changes the embedding model and indexes everything anew."""
    filled(make)
    make().drop()
    make().add(unit(3, dimensions=8), [{"file_id": "f"}] * 3, keys(3))
    assert len(make().query(unit(1, dimensions=8)[0], top_k=5)[2]) == 3


def test_an_empty_collection_and_an_empty_batch_are_fine(make: Any) -> None:
    assert make().query(unit(1)[0], top_k=5)[1:] == ([], [])
    assert make().add([]) == []
    make().delete(keys(1))


def test_documents_with_vectors_keep_their_ids_and_metadata(make: Any) -> None:
    from kotaemon.base import Document, DocumentWithEmbedding

    (vector,) = unit(1)
    made = DocumentWithEmbedding(vector, content=Document(text="x", metadata={"file_id": "f9"}))
    made.metadata = {"file_id": "f9", "image": "base64" * 50_000}
    make().add([made], ids=keys(1))
    assert make().query(vector, filters=within("f9"))[2] == keys(1)


def test_scores_of_pgvector_are_chroma_s(app: None, chroma: Any) -> None:
    """The scores are shown to people and compared with thresholds: they must not change with the store."""
    from kotaemon_pgvector import PgVectorStore
    from kotaemon_stores import RemoteChroma

    stores = [
        PgVectorStore("scores"),
        RemoteChroma("scores", host=chroma.host, port=str(chroma.port), token=chroma.token),
    ]
    for store in stores:
        store.add(unit(50), [{"file_id": "f"}] * 50, keys(50))
    ours, theirs = (store.query(unit(1, seed=9)[0], top_k=10) for store in stores)
    stores[0].drop()
    assert ours[2] == theirs[2]
    assert ours[1] == pytest.approx(theirs[1], abs=1e-4)


def test_dimensions_beyond_full_precision_are_indexed_in_half_and_beyond_that_refused(app: None) -> None:
    from kotaemon_pgvector import PgVectorStore

    store = PgVectorStore("large")
    vectors = unit(20, dimensions=3072)  # text-embedding-3-large
    store.add(vectors, ids=keys(20))
    assert store.query(vectors[3], top_k=1)[2] == [keys(20)[3]]
    store.drop()
    with pytest.raises(ValueError, match="at most 4000 dimensions, this embedding model has 4001"):
        store.add(unit(1, dimensions=4001))


def test_chroma_s_server_refuses_a_wrong_token(app: None, chroma: Any) -> None:
    from kotaemon_stores import RemoteChroma

    with pytest.raises(Exception, match=r"(?i)forbidden|unauthorized|403|401"):
        RemoteChroma("x", host=chroma.host, port=str(chroma.port), token="wrong")


def test_no_store_s_description_holds_its_credentials(app: None, chroma: Any) -> None:
    """theflow writes descriptions to disk."""
    import qdrant_client

    from kotaemon_stores import PrefixedQdrant, RemoteChroma

    remote = RemoteChroma("described", host=chroma.host, port=str(chroma.port), token=chroma.token)
    qdrant = PrefixedQdrant(
        "described", url="http://q:6333", api_key="k3y", client=qdrant_client.QdrantClient(":memory:")
    )
    assert chroma.token not in str(remote.__persist_flow__())
    assert "k3y" not in str(qdrant.__persist_flow__())


@pytest.fixture(scope="module")
def hundred_thousand(app: None) -> Iterator[Any]:
    """100,000 vectors in clusters, loaded by the store; the index is built once at the end, which is faster."""
    from sqlalchemy import text

    from kotaemon_pgvector import PgVectorStore
    from kotaemon_sql import engine

    rng = np.random.default_rng(5)
    centres = rng.normal(size=(300, DIMENSIONS))
    vectors = centres[rng.integers(0, 300, 100_000)] + 0.7 * rng.normal(size=(100_000, DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    store, names = PgVectorStore("large"), keys(100_000)
    rounded = np.round(vectors, 5).tolist()
    store.add(rounded[:10], [{"file_id": "f0"}] * 10, names[:10])
    with engine.begin() as db:
        db.execute(text(f"DROP INDEX {store._t}_hnsw"))
    for start in range(10, 100_000, 10_000):
        some = slice(start, start + 10_000)
        store.add(rounded[some], [{"file_id": f"f{n // 100}"} for n in range(100_000)[some]], names[some])
    with engine.begin() as db:
        db.execute(text("SET LOCAL max_parallel_maintenance_workers = 1"))
        db.execute(text(store.index_ddl(DIMENSIONS)))
        db.execute(text(f"ANALYZE {store._t}"))
    yield store, vectors, names
    store.drop()


def test_among_100_000_vectors_the_index_finds_nine_in_ten_of_the_nearest(hundred_thousand: Any) -> None:
    store, vectors, names = hundred_thousand
    rng = np.random.default_rng(6)
    shares = []
    for number in rng.integers(0, 100_000, 50):
        # A cosine of 0.64 to the passage. With 0.3 it is 0.38: a direction to which all are about equally near.
        query = vectors[number] + 0.15 * rng.normal(size=DIMENSIONS)
        exact = {names[n] for n in np.argpartition(-(vectors @ query), 10)[:10]}
        shares.append(len(exact & set(store.query(query.tolist(), top_k=10)[2])) / 10)
    assert np.mean(shares) >= 0.9, np.mean(shares)


def test_among_100_000_vectors_the_plan_is_an_index_scan(hundred_thousand: Any) -> None:
    from sqlalchemy import text

    from kotaemon_sql import engine

    store, vectors, _ = hundred_thousand
    with engine.begin() as db:
        plan = "\n".join(
            db.execute(
                text("EXPLAIN " + store.search(DIMENSIONS, [])), {"v": str(vectors[0].tolist()), "k": 100}
            ).scalars()
        )
    assert f"Index Scan using {store._t}_hnsw" in plan


def test_among_100_000_vectors_a_narrow_filter_still_fills_the_answer(hundred_thousand: Any) -> None:
    """Without an iterative scan the index yields its nearest, of which the filter leaves next to none."""
    store, vectors, names = hundred_thousand
    found = store.query(vectors[50_000].tolist(), top_k=100, filters=within("f3"))[2]
    assert set(found) == set(names[300:400])
    assert len(store.query(vectors[0].tolist(), top_k=100)[2]) == 100
