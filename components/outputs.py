"""The stack's outputs: what a person needs to use it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from .config import SecretName, StackConfig
from .contracts import DatabaseAccess, DocumentAccess, DocumentStore, VectorAccess

Outputs = Mapping[str, pulumi.Input[object]]


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Where Kotaemon keeps everything."""

    database: DatabaseAccess
    vectors: VectorAccess
    documents: DocumentAccess


def how_to_open(namespace: pulumi.Input[str], service: str, *, behind_sign_in: bool) -> pulumi.Output[str]:
    """The command that forwards a port to Kotaemon itself, past whatever signs people in before it."""
    target = f"deployment/{service} 7860" if behind_sign_in else f"service/{service} 7860:80"
    return pulumi.Output.concat("kubectl -n ", namespace, f" port-forward {target}")


def administrator(config: StackConfig, generated: pulumi.Output[str] | None) -> Outputs:
    """Login of the first administrator; the password as a secret, or where it is."""
    settings, name = config.settings, SecretName.ADMIN
    password: pulumi.Input[object] | None = generated or config.supplied.get(name)
    if password is None and name in settings.secrets:
        password = f"in the Secret {settings.secrets[name].name}"
    if password is None:
        password = f"in Secret Manager, {settings.secret_manager[name].secret}"
    return {"adminUsername": settings.app.admin.username, "adminPassword": password}


def databases(stores: Stores) -> Mapping[str, str]:
    """Where users and conversations, embeddings, and the text of documents are."""
    database, vectors, documents = stores.database, stores.vectors, stores.documents
    in_postgres = f"in the same PostgreSQL ({database.database})"
    kept = "LanceDB on Kotaemon's volume"
    if documents.kind is DocumentStore.POSTGRES:
        kept = in_postgres
    elif documents.endpoint:
        kept = f"{documents.kind.value} at {documents.endpoint.address}"
    return {
        "metadata": f"postgresql://{database.endpoint.address}/{database.database}",
        "vectors": f"{vectors.kind.value} at {vectors.endpoint.address}" if vectors.endpoint else in_postgres,
        "documents": kept,
    }
