"""Every chain as people are told of it, with nothing running."""

from collections.abc import Mapping
from typing import Any

from courier.engine.accounts.courses import Courses
from courier.planning.catalog.catalog import Catalog
from courier.planning.chains.account import chain_account
from courier.planning.chains.planner import chains_of
from courier.planning.documents.references import Ref
from courier.planning.observed.course import ObservedCourse
from courier.ports.state import StateBranch


async def itinerary(catalog: Catalog, state: StateBranch) -> Mapping[Ref, Mapping[str, Any]]:
    """Return the account of every chain of a catalog."""
    await state.refresh()
    courses = await Courses(state).look()
    return {
        ref: chain_account(chain, courses.get(ref, ObservedCourse()))
        for ref, chain in chains_of(catalog)
    }
