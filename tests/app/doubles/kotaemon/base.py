"""Documents over the real llama-index class."""

from typing import Any

from llama_index.core.schema import Document as LlamaDocument


class Document(LlamaDocument):
    """`content` is what was given; the text follows from it."""

    content: Any = None
    source: str | None = None
    channel: str | None = None

    def __init__(self, content: object = None, **fields: Any) -> None:
        if content is not None:
            fields |= {"content": content, "text": str(content)}
        elif fields.get("text") is not None:
            fields["content"] = fields["text"]
        elif fields.get("embedding") is not None:
            fields |= {"content": fields["embedding"], "text": "<EMBEDDING>"}
        super().__init__(**fields)


class DocumentWithEmbedding(Document):
    """A document that has a vector."""

    def __init__(self, embedding: list[float], **fields: Any) -> None:
        super().__init__(embedding=embedding, **fields)
