"""Help texts made ahead of time, so that `courier --help` need not load the program.

Run it to write them anew: ``python -m courier.cli.prepared``.
"""

from pathlib import Path

import click

WIDTH = 78
FOLDER = Path(__file__).parent / "help"


def prepared_help() -> dict[str, str]:
    """Return the help of the program and of `validate`, as click shows it in 80 columns."""
    from courier.cli.app import courier
    from courier.cli.validate import validate

    program = _context(courier, "courier", None)
    command = _context(validate, "validate", program)
    return {
        "courier": f"{courier.get_help(program)}\n",
        "validate": f"{validate.get_help(command)}\n",
    }


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    settings = {**command.context_settings, "terminal_width": WIDTH}
    return click.Context(command, info_name=name, parent=parent, **settings)


def write_help() -> None:
    """Write the help texts where `courier.__main__` reads them."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in prepared_help().items():
        (FOLDER / f"{name}.txt").write_text(text)


if __name__ == "__main__":
    write_help()
