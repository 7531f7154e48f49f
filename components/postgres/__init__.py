"""PostgreSQL: in the namespace, or a server that is there already. Both hand out the same contract."""

from .existing import ExistingPostgres, ExistingPostgresArgs
from .server import Postgres, PostgresArgs

__all__ = ["ExistingPostgres", "ExistingPostgresArgs", "Postgres", "PostgresArgs"]
