"""What is told of answering sessions, with the runs that look for answers."""

from collections.abc import Mapping
from typing import Any

from courier.planning.answers.account import session_accounts, session_runs
from courier.planning.catalog.catalog import Catalog
from courier.ports.index import RunIndex


async def answers(catalog: Catalog, index: RunIndex) -> Mapping[str, Mapping[str, Any]]:
    """Return the account of every AnsweringSession by name."""
    await index.follow()
    listed = index.named(session_runs(catalog))
    return session_accounts(catalog, {run: one.observed for run, one in listed.items()})
