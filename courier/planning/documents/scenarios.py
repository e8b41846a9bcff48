"""Scenarios: a YAML file of simulated runs, read with the place of everything that is wrong."""

import json
from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from courier.diagnostics import Diagnostic
from courier.planning.documents.modelled import model_problems
from courier.planning.documents.sources import Draft, read_drafts
from courier.planning.problems import error
from courier.resources.model import Model
from courier.runs.transcripts.stubs import Expectation, Scenario, Stub, endless
from courier.runs.usage.usage import Usage

_MODELS: tuple[type[Model], ...] = (Scenario, Stub, Expectation, Usage)


def read_scenarios(path: str, data: bytes) -> tuple[tuple[Scenario, ...], tuple[Diagnostic, ...]]:
    """Return the scenarios of a file, and what is wrong with it.

    Args:
        path: The path people see in diagnostics.
        data: What the file holds.
    """
    drafts = read_drafts(path, data, inside=path)
    found: list[Scenario] = []
    problems = list(drafts.diagnostics)
    for draft in drafts.documents:
        read = _read(draft)
        if isinstance(read, Scenario):
            found.append(read)
        else:
            problems += read
    if not found and not problems:
        detail = (
            "A scenario has `scenario`, one of `run`, `spec` and `document`, `answers` and "
            "`expect`."
        )
        problems.append(error("Empty", "No scenario in the file", detail, None))
    return tuple(found), tuple(problems)


def _read(draft: Draft) -> Scenario | Sequence[Diagnostic]:
    try:
        read = Scenario.model_validate_json(json.dumps(draft.value))
    except ValidationError as wrong:
        return list(model_problems(draft, wrong, _MODELS))
    if sum(each is not None for each in (read.run, read.spec, read.document)) != 1:
        detail = (
            "Write one of these: `run`, the name of a Run document; `spec`, what is asked for; "
            "`document`, KIND/NAME of one whose run is simulated."
        )
        return [error("MissingField", "What is simulated?", detail, draft.locate(()))]
    return list(_waits_forever(draft, read)) or read


def _waits_forever(draft: Draft, scenario: Scenario) -> Iterator[Diagnostic]:
    for step, at in endless(scenario):
        detail = "This limit never ends. Write `then`, what is answered when it is over."
        yield error(
            "MissingField", "A limit has to end", detail, draft.locate(("answers", step, at))
        )
