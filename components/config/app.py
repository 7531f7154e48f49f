"""Kotaemon's part of a stack's file: the release and the models that it talks to."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .fields import (
    EACH_ONCE,
    WHOLE,
    ApiVersion,
    FilePath,
    Login,
    Memory,
    ModelName,
    NodeLabel,
    NodeLabelValue,
    OllamaUrl,
    Prefix,
    Repository,
    Tag,
    Url,
)
from .section import AccessMode, Resources, Section, Storage

PUBLISHED_IMAGE = "ghcr.io/cinnamon/kotaemon"


class Variant(StrEnum):
    """What the published image holds: `full` adds OCR, office formats, unstructured, LightRAG and Docling."""

    LITE = "lite"
    FULL = "full"


class Image(Section):
    """Kotaemon's image. The tag that runs is `{tag}-{variant}`, or `tag` alone with another repository."""

    repository: Repository = PUBLISHED_IMAGE
    """Registry and path."""
    tag: Tag = "0.11.3"
    """Version, for the published image without the variant. A digest may follow: 0.11.3@sha256:…"""
    variant: Variant = Variant.LITE
    """What the published image holds."""

    @property
    def reference(self) -> str:
        """What the container runs: the variant is part of the published image's tag."""
        if self.repository != PUBLISHED_IMAGE:
            return f"{self.repository}:{self.tag}"
        tag, at, digest = self.tag.partition("@")
        return f"{self.repository}:{tag}-{self.variant.value}{at}{digest}"


class FilestoreTier(StrEnum):
    """Filestore's tiers by what they outlive. Zonal ones begin at 1Ti, the others at 100Gi."""

    STANDARD = "standard"
    ZONAL = "zonal"
    REGIONAL = "regional"


class UserFiles(Storage):
    """The volume at /app/ktem_app_data: uploaded files, caches, and LanceDB's documents."""

    size: Memory = "20Gi"
    """Its size."""
    access_mode: AccessMode = AccessMode.READ_WRITE_ONCE
    """ReadWriteMany is needed for more than one replica."""
    filestore: FilestoreTier | None = None
    """On GKE: make a Filestore share of this tier for it, which every replica can mount."""


class Affinity(StrEnum):
    """How a person's requests keep reaching the same replica."""

    CLIENT_IP = "client-ip"
    NONE = "none"


class Autoscaling(Section):
    """Replicas by load."""

    min_replicas: Annotated[int, Field(ge=1, le=50), WHOLE] = 2
    """Fewest replicas."""
    max_replicas: Annotated[int, Field(ge=2, le=50, examples=[4]), WHOLE]
    """Most replicas."""
    cpu_percent: Annotated[int, Field(ge=10, le=95), WHOLE] = 70
    """Average CPU use, in percent of the request, that is aimed at."""


class Admin(Section):
    """The first administrator; the password is generated, or the secret `adminPassword`."""

    username: Login = "admin"
    """Login name. It is used when the user is first created."""


class Reasoning(StrEnum):
    """Reasoning pipelines that people can choose from."""

    FULL_QA = "full-qa"
    DECOMPOSE = "decompose"
    REACT = "react"
    REWOO = "rewoo"


class GraphRag(Section):
    """Which GraphRAG indices people can create. They lie in a local folder: one replica only."""

    microsoft: bool = False
    """Microsoft GraphRAG (in the published image on amd64)."""
    nano: bool = False
    """nano-graphrag; no published image holds it, so it needs an image of your own."""
    light: bool = False
    """LightRAG inside Kotaemon (in the `full` image)."""
    global_search: bool = False
    """Answer over the whole graph instead of the neighbourhood of what was found."""
    settings_file: FilePath | None = None
    """A settings.yaml for Microsoft GraphRAG, relative to the project; keys as ${GRAPHRAG_API_KEY}."""

    @property
    def enabled(self) -> bool:
        """Whether any of the indices is on."""
        return self.microsoft or self.nano or self.light


class AzureDocumentIntelligence(Section):
    """Azure's document reader. Its key is the secret `azureDocumentIntelligenceKey`."""

    endpoint: Annotated[Url, Field(examples=["https://my-reader.cognitiveservices.azure.com"])]
    """The resource's endpoint."""


class Multimodal(Section):
    """Readers that understand figures and tables; people choose them in the settings."""

    enabled: bool = False
    """Show figures to a vision model when answering (Azure OpenAI with a vision deployment)."""
    azure_document_intelligence: AzureDocumentIntelligence | None = None
    """Azure Document Intelligence."""
    adobe: bool = False
    """Adobe PDF Services; its secrets are `adobeClientId` and `adobeClientSecret`."""
    docling: bool = False
    """Docling, inside the `full` image."""


class App(Section):
    """The Kotaemon release."""

    image: Image = Image()
    """Which image runs."""
    replicas: Annotated[int, Field(ge=1, le=50), WHOLE] = 1
    """Pods. More than one needs shared files, documents in a server and session affinity."""
    autoscaling: Autoscaling | None = None
    """Replicas by load, instead of `replicas`."""
    session_affinity: Affinity = Affinity.CLIENT_IP
    """How a person's requests keep reaching the same replica."""
    storage: UserFiles = UserFiles()
    """User files and caches."""
    resources: Resources = Resources(cpu="500m", memory="2Gi", cpu_limit="2", memory_limit="3Gi")
    """What each pod may use: 0.8 GB idle, 1.3 GB under load, about 20 CPU-seconds to start."""
    admin: Admin = Admin()
    """The first administrator."""
    collection_prefix: Prefix | None = None
    """What the names of collections and tables start with; the namespace's name where it isn't given."""
    reasonings: Annotated[
        tuple[Reasoning, ...],
        Field(min_length=1, json_schema_extra={"uniqueItems": True}),
        EACH_ONCE,
    ] = tuple(Reasoning)
    """Reasoning pipelines; the first is the default one."""
    low_llm_requests: bool = False
    """Ask the model less often for an answer, with less exact ranking of passages."""
    chat_suggestions: bool = False
    """Suggest follow-up questions."""
    graph_rag: GraphRag = GraphRag()
    """GraphRAG indices."""
    multimodal: Multimodal = Multimodal()
    """Readers of figures and tables."""
    node_selector: dict[NodeLabel, NodeLabelValue] = {}
    """Labels of the nodes that it may run on; any node where none is given."""


class OpenAi(Section):
    """OpenAI, or a server that speaks its API. Its key is the secret `openaiApiKey`."""

    base_url: Url = "https://api.openai.com/v1"
    """Where it is."""
    chat_model: ModelName = "gpt-4o-mini"
    """Model that answers."""
    embedding_model: ModelName = "text-embedding-3-large"
    """Model that embeds; another one needs all files indexed again."""


class AzureOpenAi(Section):
    """Azure OpenAI. Its key is the secret `azureOpenaiApiKey`."""

    endpoint: Annotated[Url, Field(examples=["https://my-models.openai.azure.com"])]
    """The resource's endpoint."""
    api_version: ApiVersion = "2024-02-15-preview"
    """Version of the API."""
    chat_deployment: ModelName
    """Deployment that answers."""
    embeddings_deployment: Annotated[ModelName, Field(examples=["text-embedding-3-large"])]
    """Deployment that embeds."""
    vision_deployment: ModelName | None = None
    """Deployment that looks at figures (multimodal)."""


class Ollama(Section):
    """An Ollama server; it needs no key."""

    url: OllamaUrl
    """Its OpenAI-compatible endpoint, ending in /v1/."""
    chat_model: ModelName = "qwen2.5:7b"
    """Model that answers; it must have been pulled there."""
    embedding_model: ModelName = "nomic-embed-text"
    """Model that embeds."""


class Keyed(Section):
    """A provider that needs nothing but its key."""


class Voyage(Section):
    """Voyage AI, for embeddings and reranking. Its key is the secret `voyageApiKey`."""

    embedding_model: ModelName = "voyage-3-large"
    """Model that embeds."""


class Models(Section):
    """Model providers. One is on when it stands here, or when its key is supplied."""

    openai: OpenAi | None = None
    """OpenAI, or a server that speaks its API."""
    azure_openai: AzureOpenAi | None = None
    """Azure OpenAI."""
    ollama: Ollama | None = None
    """A local Ollama server."""
    google: Keyed | None = None
    """Google Gemini; key `googleApiKey`."""
    cohere: Keyed | None = None
    """Cohere, also the default reranker; key `cohereApiKey`."""
    mistral: Keyed | None = None
    """Mistral; key `mistralApiKey`."""
    voyage: Voyage | None = None
    """Voyage AI."""
    tavily: Keyed | None = None
    """Tavily web search; key `tavilyApiKey`."""
