"""One of two processes that boot on one database and add to the same collections: `pod.py NAME COUNT`."""

import random
import sys
import uuid

from theflow.settings import settings

settings.load_settings()
from kotaemon.base import Document  # noqa: E402
from theflow.utils.modules import deserialize  # noqa: E402

name, count = sys.argv[1], int(sys.argv[2])
rng = random.Random(name)
documents = deserialize({**settings.KH_DOCSTORE, "collection_name": "index_1"}, safe=False)
vectors = deserialize({**settings.KH_VECTORSTORE, "collection_name": "index_1"}, safe=False)
own = [str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}{n}")) for n in range(count)]
shared = [str(uuid.uuid5(uuid.NAMESPACE_DNS, f"shared{n}")) for n in range(200)]
vocabulary = [f"word{n}" for n in range(2000)]
for start in range(0, count, 200):
    ids = own[start : start + 200] + rng.sample(shared, 200)  # the same ids in another order in each pod
    documents.add(
        [Document(id_=i, text=" ".join(rng.choices(vocabulary, k=30)), metadata={"pod": name}) for i in ids]
    )
    vectors.add([[rng.random() for _ in range(16)] for _ in ids], [{"file_id": name}] * len(ids), ids)
    assert documents.query("word1 word2", 5)
documents.delete(own[: count // 10])
vectors.delete(own[: count // 10])
print("done")
