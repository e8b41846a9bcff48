"""What every command shares: `-h`, an example, and `--color`."""

from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

import click

HELP_NAMES = ["-h", "--help"]
SETTINGS = {"help_option_names": HELP_NAMES, "max_content_width": 100}
"""How click is set up for every command."""


class Entry(NamedTuple):
    """A command that is imported when it is called.

    Attributes:
        target: ``module:attribute``.
        summary: The line that lists it.
        section: The heading it is listed under.
    """

    target: str
    summary: str
    section: str = "Commands"


class Exemplified(click.Command):
    """A command whose help ends in an example."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example

    def format_epilog(
        self,
        ctx: click.Context,  # noqa: ARG002 - click
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the example."""
        with formatter.section("Example"):
            for line in self.example.strip().splitlines():
                formatter.write(f"  {line}\n" if line else "\n")


class Verb(Exemplified):
    """A command that does one thing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = {**SETTINGS, **kwargs.get("context_settings", {})}
        super().__init__(*args, **kwargs)
        self.params.append(_colour_option())


class Verbs(click.Group):
    """A group of commands, none of which is imported before it is called."""

    def __init__(self, *args: Any, entries: dict[str, Entry], **kwargs: Any) -> None:
        kwargs["context_settings"] = {**SETTINGS, **kwargs.get("context_settings", {})}
        super().__init__(*args, **kwargs)
        self.entries = entries
        self.params.append(_colour_option())

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click
        """Return the names in the order people need them."""
        return list(self.entries)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click
        cmd_name: str,
    ) -> click.Command | None:
        """Import a command and return it."""
        if cmd_name not in self.entries:
            return None
        module, _, attribute = self.entries[cmd_name].target.partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command the arguments name, or say which was probably meant."""
        name = args[0]
        if name not in self.entries and not name.startswith("-") and not ctx.resilient_parsing:
            close = get_close_matches(name, self.entries, n=1)
            hint = f" Did you mean `{close[0]}`?" if close else ""
            ctx.fail(f"There is no command {name!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands under their headings, importing none."""
        sections = dict.fromkeys(entry.section for entry in self.entries.values())
        wide = max(len(name) for name in self.entries)
        for section in sections:
            with formatter.section(section):
                formatter.write_dl(_rows(self.entries, section, wide))


class LeadingVerb(Exemplified, Verbs):
    """A command that does something by itself, and has commands of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, invoke_without_command=True, **kwargs)


def _rows(entries: dict[str, Entry], section: str, wide: int) -> Sequence[tuple[str, str]]:
    return [
        (name.ljust(wide), entry.summary)
        for name, entry in entries.items()
        if entry.section == section
    ]


def _colour_option() -> click.Option:
    return click.Option(
        ["--color", "colour"],
        type=click.Choice(["auto", "always", "never"]),
        help="Whether to colour; auto asks the terminal and NO_COLOR.",
        expose_value=False,
        callback=_set_colour,
    )


def _set_colour(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None and ctx.obj is not None:
        ctx.obj.console.choose(value)
