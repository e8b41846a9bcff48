"""Commands load what they need when they are called, not before."""

import subprocess
import sys

import pytest

HEAVY = ("pydantic", "asyncio", "e2b", "yaml", "yaml_rs", "jsonschema_rs", "sqlite3", "subprocess")

SCRIPT = """
import sys
import click
import courier.cli.app
from courier.cli.verb import Verbs
before = set(sys.modules)
name = sys.argv[1]
if name:
    group = courier.cli.app.courier
    group.get_command(click.Context(group), name)
print("\\n".join(sorted(sys.modules)))
"""


def loaded(name: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, name], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines())


def test_the_program_loads_click_and_nothing_heavy() -> None:
    found = loaded("")
    assert not found.intersection(HEAVY)
    ours = {name for name in found if name.startswith("courier")}
    assert ours == {"courier", "courier.cli", "courier.cli.app", "courier.cli.verb"}


@pytest.mark.parametrize("name", ["plan", "get", "describe", "logs", "explain", "schema", "demo"])
def test_a_command_loads_no_library_before_it_runs(name: str) -> None:
    assert not loaded(name).intersection({"pydantic", "e2b", "yaml_rs", "jsonschema_rs", "sqlite3"})
