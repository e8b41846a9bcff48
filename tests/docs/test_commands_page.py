"""The page of commands is what the commands say, and the commands say what they must."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from courier.cli.app import courier
from courier.cli.reference import commands_text
from courier.cli.verb import Entry, LeadingVerb, Verb, Verbs

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "commands.md"


def walk(group: Verbs, name: str) -> Iterator[tuple[str, Entry, click.Command]]:
    for verb, entry in group.entries.items():
        found = group.get_command(click.Context(group), verb)
        assert found is not None
        yield f"{name} {verb}", entry, found
        if isinstance(found, Verbs):
            yield from walk(found, f"{name} {verb}")


COMMANDS = list(walk(courier, "courier"))


def test_page_is_fresh(request: pytest.FixtureRequest) -> None:
    made = commands_text()
    if request.config.getoption("--accept"):
        PAGE.write_text(made)
    assert PAGE.read_text() == made


@pytest.mark.parametrize(("name", "entry", "command"), COMMANDS, ids=[one[0] for one in COMMANDS])
def test_command_has_help_and_an_example(name: str, entry: Entry, command: click.Command) -> None:
    first = (command.help or "").partition("\n")[0]
    assert first == entry.summary
    if isinstance(command, Verb):
        assert name in command.example
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{name}: {option.name} has no help"


@pytest.mark.parametrize(("name", "entry", "command"), COMMANDS, ids=[one[0] for one in COMMANDS])
def test_page_mentions_every_command_and_flag(
    name: str, entry: Entry, command: click.Command
) -> None:
    section = PAGE.read_text().partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert section
    for option in command.params:
        if isinstance(option, click.Option) and option.name != "colour":
            for flag in option.opts:
                assert f"`{flag}`" in section


@pytest.mark.parametrize(("name", "entry", "command"), COMMANDS, ids=[one[0] for one in COMMANDS])
def test_help_fits_a_terminal_of_80_columns(
    name: str, entry: Entry, command: click.Command
) -> None:
    told = command.get_help(
        click.Context(command, info_name=f"courier {name}", max_content_width=80)
    )
    assert [line for line in told.splitlines() if len(line) > 80] == []


def test_examples_use_commands_and_flags_that_exist() -> None:
    for name, _, command in COMMANDS:
        for line in getattr(command, "example", "").splitlines():
            for words in re.findall(r"(?:^|[ (])courier ((?:-C \S+ )?[a-z][^|&>]*)", line):
                check_line(words, at=name)


def check_line(words: str, *, at: str) -> None:
    """Parse a command line of the documentation as click would, without running it."""
    import shlex

    argv = shlex.split(words)
    context = click.Context(courier, info_name="courier")
    group: click.Command = courier
    while isinstance(group, Verbs):
        if isinstance(group, LeadingVerb) and (not argv or argv[0].startswith("-")):
            break
        assert argv, at
        found = group.get_command(context, argv.pop(0))
        assert found is not None, f"{at}: {words}"
        group = found
    group.make_context("courier", argv, resilient_parsing=False)
