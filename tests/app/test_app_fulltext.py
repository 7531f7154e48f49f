"""What is PostgreSQL's own: hostile content, scopes of any size, exact statistics, other versions."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import Cases
from corpus import Ranking, corpus
from test_app_documents import TEXTS, documents, ids, overlap


@pytest.fixture
def store(app: None) -> Iterator[Any]:
    from kotaemon_postgres import PostgresDocumentStore

    made = PostgresDocumentStore("fulltext")
    yield made
    made.drop()


def counted(store: Any) -> dict[str, int]:
    """The statistics that the triggers keep."""
    from sqlalchemy import text

    from kotaemon_sql import engine

    with engine.connect() as db:
        rows = db.execute(text(f"SELECT lexeme, docs, words FROM {store._words} WHERE docs <> 0")).all()
    return {lexeme: docs for lexeme, docs, _ in rows} | {"words": sum(words for _, _, words in rows)}


def recounted(store: Any) -> dict[str, int]:
    """The same, counted from the documents."""
    from sqlalchemy import text

    from kotaemon_sql import engine

    with engine.connect() as db:
        rows = db.execute(text(f"SELECT keys, words FROM {store._t}")).all()
    count = Counter(key[:-2] for keys, _ in rows for key in keys)
    return {**count, "": len(rows), "words": sum(words for _, words in rows)} if rows else {"words": 0}


def test_content_that_postgresql_rejects_is_cleaned_and_the_rest_is_kept(store: Any) -> None:
    """PDF and XLSX files yield NUL, lone surrogates and NaN; one of them would fail the whole upload."""
    from kotaemon.base import Document

    store.add(
        Document(
            id_="bad",
            text="a\x00b whale \ud800 end",
            metadata={
                "nan": float("nan"),
                "inf": [float("inf"), 1.5],
                "nul\x00": "\x00",
                "deep": {"x": ["\udfff"]},
            },
        )
    )
    (found,) = store.query("whale \x00\ud800")
    assert found.text == "ab whale ? end"
    assert found.metadata == {"nan": None, "inf": [None, 1.5], "nul": "", "deep": {"x": ["?"]}}


def test_huge_documents_are_kept_whole_and_found_by_their_beginning(store: Any) -> None:
    words = [f"w{n:x}" for n in range(400_000)]
    store.add(
        documents({"long": " ".join(words), "word": "x" * 3_000_000, "cjk": "鯨" * 500_000, "empty": ""})
    )
    assert store.get("long")[0].text == " ".join(words)
    assert len(store.get("word")[0].text) == 3_000_000
    assert ids(store.query("w1a")) == ["long"]
    assert store.get("empty")[0].text == "<empty>"


def test_adding_again_replaces_and_the_last_of_one_batch_wins(store: Any) -> None:
    store.add(documents({"a": "old whale"}))
    store.add(documents({"a": "new ship"}) + documents({"a": "newest ship"}))
    assert store.count() == 1
    assert store.query("whale") == []
    assert store.get("a")[0].text == "newest ship"
    assert [d.text for d in store.get_all()] == ["newest ship"]


def test_statistics_stay_exact_whatever_is_added_replaced_deleted(store: Any) -> None:
    rng = random.Random(3)
    vocabulary = [f"word{n}" for n in range(60)]
    for _ in range(25):
        batch = {
            f"d{rng.randrange(80)}": " ".join(rng.choices(vocabulary, k=rng.randrange(40))) for _ in range(20)
        }
        store.add(documents(batch))
        store.delete([f"d{rng.randrange(80)}" for _ in range(8)])
    assert counted(store) == recounted(store)
    store.delete([d.doc_id for d in store.get_all()])
    assert counted(store) == {"words": 0}


def test_collections_share_nothing(app: None) -> None:
    """A rare word of one collection must not count as rare in another, nor show its documents."""
    from kotaemon_postgres import PostgresDocumentStore

    one, two = PostgresDocumentStore("index_1"), PostgresDocumentStore("index_2")
    one.add(documents(TEXTS))
    two.add(documents({"whale": "a different whale"}))
    assert [d.text for d in two.query("whale sea")] == ["a different whale"]
    two.drop()
    assert one.count() == len(TEXTS)
    one.drop()


def test_collection_names_that_look_alike_stay_apart(app: None) -> None:
    from kotaemon_sql import table_name

    names = ["index_1", "Index_1", "index-1", "index 1", "x" * 80, "x" * 81, "ünï"]
    tables = {table_name("kotaemon_doc_", name) for name in names}
    assert len(tables) == len(names)
    assert all(len(table) <= 50 and table.isidentifier() and table.islower() for table in tables)
    with pytest.raises(ValueError, match="a letter first"):
        table_name("Robert'); DROP", "x")


def test_any_size_of_scope_gives_the_best_of_that_scope(store: Any) -> None:
    """Small scopes are scored directly, medium ones are joined, large ones are filtered afterwards."""
    made = corpus(4000, questions=12)
    store.add(documents({f"d{n}": text for n, text in enumerate(made.texts)}))
    ranking = Ranking(made.texts)
    for size, bar in ((300, 0.99), (1500, 0.95), (3000, 0.95), (4000, 0.95)):
        scope = set(random.Random(size).sample(range(4000), size))
        shares = []
        for question in made.questions:
            found = ids(store.query(question, 20, [f"d{n}" for n in scope] + ["missing"]))
            assert {int(key[1:]) for key in found} <= scope
            assert len(found) == 20
            shares.append(overlap(found, [n for n in ranking.best(question) if n in scope]))
        assert sum(shares) / len(shares) >= bar, (size, shares)


@pytest.mark.parametrize("count", [300, 800])  # the scope is then scored without the index, or with it
def test_a_scope_of_most_documents_that_holds_none_of_the_best_still_gives_its_own(
    store: Any, count: int
) -> None:
    """A user owns most of the files, and others' files say more about the subject."""
    others = {f"o{n}": "whale whale whale" for n in range(count)}
    own = {f"d{n}": "a whale among many other words " + "and more " * 20 for n in range(2 * count)}
    store.add(documents({**others, **own}))
    found = ids(store.query("whale", 50, list(own)))
    assert len(found) == 50
    assert set(found) <= set(own)


def test_a_language_without_a_stemmer_and_another_with_one(app: None) -> None:
    from kotaemon_postgres import PostgresDocumentStore

    simple, german = (
        PostgresDocumentStore("s", language="simple"),
        PostgresDocumentStore("g", language="german"),
    )
    for store in (simple, german):
        store.add(documents({"a": "die Häuser und der Wal", "b": "ein Haus"}))
    assert ids(simple.query("häuser")) == ["a"]
    assert set(ids(german.query("haus"))) == {"a", "b"}
    assert ids(german.query("der")) == ["a"]  # stop words are kept, as LanceDB keeps them
    simple.drop()
    german.drop()


def test_documents_work_on_postgresql_17_over_verified_tls(cases: Cases) -> None:
    code = """
from theflow.utils.modules import deserialize
from kotaemon.base import Document
store = deserialize({**settings.KH_DOCSTORE, "collection_name": "seventeen"}, safe=False)
store.add([Document(id_="a", text="white whale"), Document(id_="b", text="ship")])
store.delete("b")
answer = [d.doc_id for d in store.query("whale ship")]
"""
    outcome = cases(code, KOTAEMON_DOCSTORE="postgres")
    assert outcome.answer == ["a"], outcome.error
