"""The bases of all vector stores."""

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import Any

from llama_index.core.schema import NodeRelationship, RelatedNodeInfo
from llama_index.core.vector_stores.types import VectorStoreQuery

from kotaemon.base import DocumentWithEmbedding


class BaseVectorStore(ABC):
    """What a vector store must have."""

    @abstractmethod
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    @abstractmethod
    def add(self, embeddings: Any, metadatas: Any = None, ids: Any = None) -> list[str]: ...
    @abstractmethod
    def delete(self, ids: list[str], **kwargs: Any) -> None: ...
    @abstractmethod
    def query(self, embedding: list[float], top_k: int = 1, ids: Any = None, **kwargs: Any) -> Any: ...
    @abstractmethod
    def drop(self) -> None: ...


class LlamaIndexVectorStore(BaseVectorStore):
    """Over a llama-index store, `_client`, which gets every attribute that has no underscore."""

    _li_class: Any = None

    def _get_li_class(self) -> Any:
        raise NotImplementedError

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._client = (self._li_class or self._get_li_class())(*args, **kwargs)
        own = {"query_embedding", "similarity_top_k", "node_ids"}
        self._vsq_kwargs = {f.name for f in fields(VectorStoreQuery)} - own

    def __setattr__(self, name: str, value: object) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            setattr(self._client, name, value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def add(self, embeddings: Any, metadatas: Any = None, ids: Any = None) -> list[str]:
        nodes = (
            [DocumentWithEmbedding(embedding=e) for e in embeddings]
            if isinstance(embeddings[0], list)
            else embeddings
        )
        for node, metadata in zip(nodes, metadatas or ()):
            node.metadata = metadata
        for node, key in zip(nodes, ids or ()):
            node.id_ = key
            node.relationships = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=key)}
        return list(self._client.add(nodes=nodes))

    def delete(self, ids: list[str], **kwargs: Any) -> None:
        for key in ids:
            self._client.delete(ref_doc_id=key, **kwargs)

    def query(self, embedding: list[float], top_k: int = 1, ids: Any = None, **kwargs: Any) -> Any:
        query = VectorStoreQuery(
            query_embedding=embedding,
            similarity_top_k=top_k,
            node_ids=ids,
            **{k: v for k, v in kwargs.items() if k in self._vsq_kwargs},
        )
        found = self._client.query(
            query=query, **{k: v for k, v in kwargs.items() if k not in self._vsq_kwargs}
        )
        return [n.embedding for n in found.nodes or ()], found.similarities or [], found.ids or []
