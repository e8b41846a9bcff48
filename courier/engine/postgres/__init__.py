"""The engine of a team: the journal's algorithm on PostgreSQL, for many workers.

For: the `Engine` of `courier.engine.seam` where several processes, on several machines, share the
    runs; what one has begun and cannot finish, another takes over.
Not for: knowing what a run does; nor for one machine alone, which needs no server.
"""

from courier.engine.postgres.client import PostgresClient, PostgresReader
from courier.engine.postgres.engine import PostgresEngine
from courier.engine.postgres.schema import Database, schema_of
from courier.engine.postgres.tending import Worker

__all__ = ["Database", "PostgresClient", "PostgresEngine", "PostgresReader", "Worker", "schema_of"]
