"""Every recurring task as people are told of it, with nothing running."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from courier.engine.accounts.diaries import Diaries
from courier.planning.catalog.catalog import Catalog
from courier.planning.observed.diary import ObservedTask, key_of, label_of
from courier.planning.observed.record import read_record
from courier.planning.recurring.account import Known, account
from courier.planning.recurring.planner import scheduled
from courier.planning.recurring.task import task_of
from courier.ports.state import StateBranch


async def agenda(
    catalog: Catalog, state: StateBranch, *, now: datetime
) -> Mapping[str, Mapping[str, Any]]:
    """Return the account of everything that recurs in a catalog, by what people call it."""
    await state.refresh()
    tasks = await Diaries(state).look()
    phases = await _phases(state, tasks.values())
    found = {}
    for ref in scheduled(catalog):
        project = catalog.project_of(ref)
        spec = catalog.documents[project].value["spec"] if project else {}
        seen = tasks.get(key_of(ref), ObservedTask())
        known = Known(seen, now, is_suspended=bool(spec.get("suspend")), phases=phases)
        found[label_of(ref)] = account(task_of(catalog, ref), known)
    return found


async def _phases(state: StateBranch, tasks: Iterable[ObservedTask]) -> Mapping[str, str]:
    """Return where the runs are that diaries take to be under way, as their records say."""
    runs = {entry.run for seen in tasks if seen.diary for entry in seen.diary.under_way}
    if not runs:
        return {}
    paths = {
        path: path.split("/")[-2]
        for path in await state.paths("runs")
        if path.endswith("/run.json") and path.split("/")[-2] in runs
    }
    contents = await state.read(list(paths))
    return {paths[path]: read_record(paths[path], body).phase for path, body in contents.items()}
