"""What serving processes log: lines for people or programs, where it was, and no secret."""

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from courier.ports.whereabouts import located, settle
from courier.system import EnvironmentSecrets
from courier.system.logs import Form, write_logs
from tests.cli.program import courier

TOKEN = 'tök"en\n-of-two-lines-4711'
SECRETS = EnvironmentSecrets({"FORGE_TOKEN": TOKEN}, names=["FORGE_TOKEN"])
log = logging.getLogger("courier.engine.example")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def written(form: Form, level: str = "info", *, coloured: bool = False) -> io.StringIO:
    stream = io.StringIO()
    write_logs(stream, SECRETS.redact, form=form, level=level, coloured=coloured)
    return stream


def fail() -> None:
    raise ValueError(f"the forge does not take {TOKEN}")


def objects(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_of_json_tells_when_what_and_where() -> None:
    stream = written("json")
    with located(repository="r", run="fix"), located(step="work", attempt="work-1.1"):
        log.info("step %s began", "work")
    (told,) = objects(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.pop("ts"))
    assert told == {
        "level": "info",
        "logger": "courier.engine.example",
        "message": "step work began",
        "repository": "r",
        "run": "fix",
        "step": "work",
        "attempt": "work-1.1",
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_written_not_in_tracebacks_either(form: Form) -> None:
    stream = written(form)
    try:
        fail()
    except ValueError:
        log.exception("with %s it failed", TOKEN)
    said = stream.getvalue()
    assert "4711" not in said
    assert "[secret FORGE_TOKEN]" in said
    assert "ValueError" in said
    assert "test_service_logs.py" in said, "the traceback is there"
    if form == "json":
        (told,) = objects(stream)
        assert told["errorType"] == "ValueError"
        assert told["error"] == "the forge does not take [secret FORGE_TOKEN]"


def test_a_secret_learnt_later_is_redacted_too() -> None:
    secrets = EnvironmentSecrets({"MINE": "learnt-only-when-asked-for"})
    stream = io.StringIO()
    write_logs(stream, secrets.redact, form="text", level="info")
    secrets.resolve(["MINE"])
    log.info("it is learnt-only-when-asked-for")
    assert "[secret MINE]" in stream.getvalue()


def test_people_get_a_line_with_run_and_attempt_coloured_where_wanted() -> None:
    stream = written("text")
    with located(run="fix", attempt="work-1.1"):
        log.warning("it is slow")
    assert re.fullmatch(
        r"20[-\d]+ [\d:]+Z WARNING courier.engine.example: \[fix work-1.1\] it is slow\n",
        stream.getvalue(),
    )
    stream = written("text", coloured=True)
    log.warning("it is slow")
    assert "\x1b[33mWARNING\x1b[0m" in stream.getvalue()


def test_nothing_below_the_level_and_no_chatter_of_libraries() -> None:
    stream = written("json", "warning")
    log.info("not this")
    logging.getLogger("httpx").info("nor this")
    log.warning("but this")
    assert [told["message"] for told in objects(stream)] == ["but this"]
    stream = written("json", "info")
    logging.getLogger("httpx").info("not this")
    assert not stream.getvalue()


def test_programs_are_told_what_people_are_at_any_level(tmp_path: Path) -> None:
    said = courier("daemon", "--log-format", "json", "--log-level", "error", cwd=tmp_path)
    assert said.code == 1
    assert "repository" in json.loads(said.err)["message"]


async def test_places_end_where_they_began() -> None:
    stream = written("json")
    settle(run="a")
    with located(step="s"):
        log.info("in")
    log.info("out")
    inside, outside = objects(stream)
    assert (inside["run"], inside["step"]) == ("a", "s")
    assert "step" not in outside


def test_a_wrong_form_in_the_environment_is_misuse(tmp_path: Path) -> None:
    said = courier("daemon", cwd=tmp_path, COURIER_LOG_FORMAT="xml")
    assert said.code == 2
    assert "COURIER_LOG_FORMAT" in said.err
