"""`courier completion`: the script that lets a shell complete courier's commands."""

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_EXAMPLE = """\
courier completion bash > ~/.local/share/bash-completion/completions/courier
courier completion zsh > "${fpath[1]}/_courier"
courier completion fish > ~/.config/fish/completions/courier.fish"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def completion(here: Here, shell: str) -> None:
    """Print a shell's completion script."""
    from click.shell_completion import get_completion_class

    from courier.cli.app import courier

    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - the choice above allows only these
    script = found(courier, {}, "courier", "_COURIER_COMPLETE")
    here.console.show(script.source_template % script.source_vars())
