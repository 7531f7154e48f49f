"""Two processes, as two pods are, on one empty database at the same time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import PATHS

POD = Path(__file__).parent / "pod.py"
DOCUMENTS = 3000


@pytest.fixture(scope="module")
def pods(variables: dict[str, str]) -> list[str]:
    """What two processes print that boot on the database `pods` and add to the same collections."""
    environment = {
        **os.environ,
        **variables,
        "KOTAEMON_PG_DATABASE": "pods",
        "PYTHONPATH": os.pathsep.join(PATHS),
        "KOTAEMON_DOCSTORE": "postgres",
        "KOTAEMON_VECTORSTORE": "pgvector",
    }
    running = [
        subprocess.Popen(
            [sys.executable, POD, name, str(DOCUMENTS)],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for name in ("one", "two")
    ]
    outputs = [process.communicate(timeout=300) for process in running]
    assert [process.returncode for process in running] == [0, 0], outputs
    return [out for out, _ in outputs]


def test_two_pods_boot_on_an_empty_database_and_add_at_once_without_an_error(pods: list[str]) -> None:
    assert all("done" in out for out in pods)


def test_no_document_or_vector_of_either_pod_is_lost(pods: list[str], server: object) -> None:
    # Each pod adds its own, both add the shared ones, and each deletes a tenth of its own.
    expected = 2 * (DOCUMENTS - DOCUMENTS // 10) + 200
    with _connect(server) as db:
        assert db.run("SELECT count(*) FROM kotaemon_doc_index_1") == [[expected]]
        assert db.run("SELECT count(*) FROM kotaemon_vec_index_1") == [[expected]]


def test_the_statistics_are_those_of_the_documents(pods: list[str], server: object) -> None:
    with _connect(server) as db:
        kept = db.run(
            "SELECT lexeme, docs FROM kotaemon_doc_index_1_df WHERE docs <> 0 AND lexeme <> '' ORDER BY 1"
        )
        recounted = db.run(
            "SELECT left(k, -2), count(*) FROM kotaemon_doc_index_1, unnest(keys) k GROUP BY 1 ORDER BY 1"
        )
        totals = db.run("SELECT docs, words FROM kotaemon_doc_index_1_df WHERE lexeme = ''")
        assert kept == recounted
        assert totals == db.run("SELECT count(*), sum(words) FROM kotaemon_doc_index_1")


def _connect(server: object) -> object:
    from conftest import _connect as connect

    return connect(server, "pods")
