"""Vector stores over the real llama-index classes for Chroma and Qdrant."""

from typing import Any

import chromadb
from llama_index.vector_stores.chroma import ChromaVectorStore as LlamaChroma
from llama_index.vector_stores.qdrant import QdrantVectorStore as LlamaQdrant
from qdrant_client.models import PointIdsList

from kotaemon.storages.vectorstores.base import LlamaIndexVectorStore


class ChromaVectorStore(LlamaIndexVectorStore):
    """A local folder, whatever the host."""

    _li_class = LlamaChroma

    def __init__(self, path: str = "./chroma", collection_name: str = "default", **kwargs: Any) -> None:
        client = chromadb.PersistentClient(path=path)
        super().__init__(chroma_collection=client.get_or_create_collection(collection_name))

    def delete(self, ids: list[str], **kwargs: Any) -> None:
        self._client.client.delete(ids=ids)

    def drop(self) -> None:
        self._client.client._client.delete_collection(self._client.client.name)

    def count(self) -> int:
        return int(self._collection.count())


class QdrantVectorStore(LlamaIndexVectorStore):
    """A Qdrant server, or with `client` another one."""

    def _get_li_class(self) -> Any:
        return LlamaQdrant

    def __init__(
        self,
        collection_name: str,
        url: str | None = None,
        api_key: str | None = None,
        client_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self._collection_name = collection_name
        super().__init__(
            collection_name=collection_name, url=url, api_key=api_key, client_kwargs=client_kwargs, **kwargs
        )

    def delete(self, ids: list[str], **kwargs: Any) -> None:
        self._client.client.delete(
            collection_name=self._collection_name, points_selector=PointIdsList(points=ids), **kwargs
        )

    def drop(self) -> None:
        self._client.client.delete_collection(self._collection_name)

    def count(self) -> int:
        return int(self._client.client.count(collection_name=self._collection_name, exact=True).count)
