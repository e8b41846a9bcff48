"""Accounts of sandboxes that are gone: put out of sight, brought back, removed."""

import json
from typing import Any

from courier.engine.interactive.requests import SandboxRequest
from courier.engine.interactive.telling import on_record
from courier.errors import Conflict
from courier.ports.state import Change, DeleteFile, StateBranch, SwapFile
from courier.runs.interactive.account import is_active, path_of
from courier.runs.records.writeback import to_json


async def delete(state: StateBranch, request: SandboxRequest) -> None:
    """Mark an account as deleted; marked already is fine.

    Raises:
        NotFound: If there is none.
        Conflict: If the sandbox is there, or somebody else changes its account.
    """
    told = await on_record(state, request.sandbox)
    if is_active(told):
        raise Conflict(
            f"Sandbox {request.sandbox} is {told['state']}, and not kept on this machine.",
            next_step="Kill it from the machine that keeps it.",
        )
    if not told.get("deletedAt"):
        mark = {"deletedAt": request.at.isoformat(), "deletedBy": request.by}
        await _change(state, request, told | mark)


async def restore(state: StateBranch, request: SandboxRequest) -> None:
    """Take the mark away; not marked is fine.

    Raises:
        NotFound: If there is none.
        Conflict: If somebody else changes its account.
    """
    told = await on_record(state, request.sandbox)
    if told.get("deletedAt"):
        await _change(state, request, told | {"deletedAt": None, "deletedBy": None})


async def deleted(state: StateBranch, name: str) -> dict[str, Any]:
    """Return an account that is marked as deleted.

    Raises:
        NotFound: If there is none.
        Conflict: If it is not marked.
    """
    told = await on_record(state, name)
    if not told.get("deletedAt"):
        raise Conflict(
            f"Sandbox {name} is not deleted.", next_step=f"Run `courier sandbox delete {name}`."
        )
    return told


async def purge(state: StateBranch, name: str) -> None:
    """Remove an account that is marked as deleted.

    Raises:
        NotFound: If there is none.
        Conflict: If it is not marked.
    """
    await deleted(state, name)
    await state.write([DeleteFile(path_of(name))], message=f"purged: sandbox {name}")


async def _change(state: StateBranch, request: SandboxRequest, told: dict[str, Any]) -> None:
    path, content = path_of(request.sandbox), to_json(told)
    was = (await state.read([path])).get(path)
    changes: list[Change] = [request.file, SwapFile(path, content, was)]
    await state.write(changes, message=f"{request.action}: sandbox {request.sandbox}")
    await state.refresh()
    now = (await state.read([path])).get(path)
    if now is None or json.loads(now) != told:
        raise Conflict(
            f"The record of sandbox {request.sandbox} was changed meanwhile.",
            next_step="Look at it and try again.",
        )
