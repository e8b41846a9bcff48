"""The reference of all commands as Markdown, made from the commands themselves."""

from collections.abc import Iterator

import click

from courier.cli.app import courier
from courier.cli.verb import HELP_NAMES, LeadingVerb, Verb, Verbs

_HEAD = """\
# Commands

Every command takes `-h`, and `--color auto|always|never`; `NO_COLOR` is honoured. Data goes to stdout,
everything else to stderr. JSON output carries a `formatVersion`.

| exit code | meaning |
| --- | --- |
| 0 | it worked |
| 1 | it failed, and courier says why and what to do next |
| 2 | the command line was wrong; for `plan --detailed-exitcode`: there is something to do |
| 3 | a bug in courier, with a report file |
| 130 | interrupted |

What the environment decides:

| variable | meaning |
| --- | --- |
| `COURIER_HOME` | where in-flight state is kept; by default `$XDG_STATE_HOME/courier`, else `~/.local/state/courier` |
| `COURIER_SANDBOXES` | `cloud` or `embedded`; by default cloud where `E2B_API_KEY` is set |
| `E2B_API_KEY` | the key of E2B's cloud |
| `E2B_API_URL` | where the cloud's interface is, if it is not E2B's own |
| `COURIER_DATABASE_URL` | the PostgreSQL database whose runs many workers share; without it the journal in the state folder |
| `COURIER_SANDBOX_RATE` | how many sandboxes all workers together create in a second; 1 with E2B's cloud, else as many as are asked for |
| `COURIER_SANDBOXD` | the folder of the embedded sandbox server, where workers of one machine are to share one |
| `COURIER_EXPOSE` | folders of this machine, between colons, that embedded sandboxes may read |
| `COURIER_USER` | who you are in the project's Team, where git's user.name and user.email do not say it |
| `COURIER_ALLOW_PLAIN` | `1` lets embedded sandboxes run without isolation where there is no other way |

"""  # noqa: E501 - a row of a table is one line


def commands_text() -> str:
    """Return the page."""
    found = list(_walk(courier, "courier"))
    index = "".join(
        f"- [`{name}`](#{name.replace(' ', '-')}): {_first(each)}\n" for name, each in found
    )
    return _HEAD + index + "".join(_section(name, each) for name, each in found)


def _walk(group: Verbs, name: str) -> Iterator[tuple[str, click.Command]]:
    for verb in group.entries:
        found = group.get_command(click.Context(group), verb)
        assert found is not None  # noqa: S101 - its name comes from the group itself
        yield f"{name} {verb}", found
        if isinstance(found, Verbs):
            yield from _walk(found, f"{name} {verb}")


def _context(command: click.Command) -> click.Context:
    # A command keeps the first help option it is asked for, so it must be asked for the right one.
    return click.Context(command, help_option_names=HELP_NAMES)


def _first(command: click.Command) -> str:
    return (command.help or "").strip().partition("\n")[0]


def _section(name: str, command: click.Command) -> str:
    paragraphs = (command.help or "").strip().split("\n\n")
    about = "\n\n".join(" ".join(part.split()) for part in paragraphs)
    usage = " ".join(["Usage:", name, *command.collect_usage_pieces(_context(command))])
    parts = [f"\n## {name}\n", about, f"```text\n{usage}\n```"]
    if rows := list(_options(command)):
        parts.append("\n".join(["| option | meaning |", "| --- | --- |", *rows]))
    if isinstance(command, Verb | LeadingVerb):
        example = "\n".join(
            f"$ {line}" if line else "" for line in command.example.strip().split("\n")
        )
        parts.append(f"```console\n{example}\n```")
    return "\n\n".join(parts).replace("\n\n\n", "\n\n") + "\n"


def _options(command: click.Command) -> Iterator[str]:
    for option in command.params:
        if not isinstance(option, click.Option) or option.name == "colour":
            continue
        names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
        kind = option.type
        values = (
            "\\|".join(kind.choices) if isinstance(kind, click.Choice) else option.metavar or ""
        )
        told = f" {values}" if values and not option.is_flag else ""
        yield f"| {names}{told} | {option.help} |"
