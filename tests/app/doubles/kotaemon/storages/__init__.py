"""The stores that the mounted files extend."""

from kotaemon.storages.docstores import BaseDocumentStore, ElasticsearchDocumentStore, LanceDBDocumentStore
from kotaemon.storages.vectorstores.base import BaseVectorStore
from kotaemon.storages.vectorstores.stores import ChromaVectorStore, QdrantVectorStore

__all__ = [
    "BaseDocumentStore",
    "BaseVectorStore",
    "ChromaVectorStore",
    "ElasticsearchDocumentStore",
    "LanceDBDocumentStore",
    "QdrantVectorStore",
]
