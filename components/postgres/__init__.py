"""PostgreSQL: in the namespace, or a server that is there already. Both hand out the same contract.

Cloud SQL's, `cloud_sql.CloudSqlPostgres`, is imported where it is used: the Google SDK takes its time.
"""

from .existing import ExistingPostgres, ExistingPostgresArgs
from .server import Postgres, PostgresArgs

__all__ = ["ExistingPostgres", "ExistingPostgresArgs", "Postgres", "PostgresArgs"]
