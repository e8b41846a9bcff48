"""The options of commands that serve and log: in which form, and how much."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from courier.cli.here import Here

F = TypeVar("F", bound=Callable[..., Any])

FORMS = ("text", "json")
LEVELS = ("debug", "info", "warning", "error")


def logs(command: F) -> F:
    """Give a command options for its log, and have them obeyed before it begins."""

    @click.option(
        "--log-format",
        "log_form",
        type=click.Choice(FORMS),
        help="Lines for people, or a JSON object a line; text, or what COURIER_LOG_FORMAT says.",
    )
    @click.option(
        "--log-level",
        type=click.Choice(LEVELS),
        help="The least important that is logged; info, or what COURIER_LOG_LEVEL says.",
    )
    @click.option("-v", "--verbose", is_flag=True, help="As --log-level debug.")
    @wraps(command)
    def logged(
        here: Here,
        *arguments: Any,
        log_form: str | None,
        log_level: str | None,
        verbose: bool,
        **options: Any,
    ) -> Any:
        from logging import INFO, getLogger

        from courier.system.logs import write_logs

        form = log_form or _told(here, "COURIER_LOG_FORMAT", FORMS) or "text"
        level = log_level or _told(here, "COURIER_LOG_LEVEL", LEVELS) or "info"
        write_logs(
            here.console.err,
            here.commons.secrets.redact,
            form="json" if form == "json" else "text",
            level="debug" if verbose else level,
            coloured=here.console.err_ink.colour,
        )
        if form == "json":
            here.console.choose("never")
            # What a person would be told is told at any level.
            voice = getLogger("courier.cli")
            voice.setLevel(INFO)
            here.console.voice = voice.info
        return command(here, *arguments, **options)

    return logged  # type: ignore[return-value]  # click takes the options away


def _told(here: Here, name: str, known: tuple[str, ...]) -> str | None:
    value = here.environment.get(name, "").lower()
    if value and value not in known:
        from courier.errors import Misused

        raise Misused(
            f"{name} is none of {', '.join(known)}.", next_step="Set it to one, or unset it."
        )
    return value or None
