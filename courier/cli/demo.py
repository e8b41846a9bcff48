"""`courier demo`: the whole thing once, for real, in a scratch repository."""

from collections.abc import Sequence
from pathlib import Path

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

_RUN = ".courier/runs/fix-slugify.yaml"
_STAGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Check the documents, as an author does.", ("validate",)),
    ("See what would be done, and why.", ("plan",)),
    ("Have it done. An agent works in a sandbox; the package's tests judge it.", ("apply",)),
    ("The work has arrived as a pull request.", ("pr", "list")),
    ("Look at what it changes.", ("pr", "diff", "1")),
    ("What happened is on record in git, with what it used.", ("describe", "run/fix-slugify")),
    ("Apply again: it is done, so there is nothing to do.", ("apply",)),
)


@click.command(cls=Verb, example="courier demo\ncourier demo --agent claude --dir ~/courier-demo")
@click.option(
    "--dir",
    "folder",
    metavar="DIR",
    help="Where to put the repository; a new temporary folder by default.",
)
@click.option(
    "--agent",
    type=click.Choice(["shell", "claude"]),
    default="shell",
    show_default=True,
    help="Who does the work: a scripted stand-in, or Claude Code with a real model.",
)
@click.option(
    "--keep/--no-keep",
    default=True,
    show_default=True,
    help="Leave everything to look around in, or remove it.",
)
@click.pass_obj
def demo(here: Here, folder: str | None, agent: str, *, keep: bool) -> int:
    """Watch the whole thing once, in a scratch repository.

    Makes a small package with a real bug and real tests, and a bare origin for it. The first fix is
    rejected by the tests, the second passes and is proposed as a pull request. With `--agent shell`
    no key, model or network is needed, and it costs nothing.
    """
    import tempfile

    # A scratch repository is nothing for a team's workers.
    here.environment.pop("COURIER_DATABASE_URL", None)
    _check(here, agent)
    base = here.path(folder) if folder else Path(tempfile.mkdtemp(prefix="courier-demo-"))
    base.mkdir(parents=True, exist_ok=True)
    try:
        return _play(here, base, agent=agent, keep=keep)
    finally:
        if not keep:
            _remove(here, base)


def _play(here: Here, base: Path, *, agent: str, keep: bool) -> int:
    root = here.run(_repository(here, base, agent))
    console, ink = here.console, here.console.ink
    console.show(f"A repository with a bug, and a document that asks for its fix: {root}\n")
    console.show(ink.paint(f"$ cat {_RUN}", "bold"))
    console.show((root / _RUN).read_text())
    for said, argv in _STAGES:
        console.show(f"\n{ink.paint(said, 'cyan')}")
        console.show(ink.paint(f"$ courier {' '.join(argv)}", "bold"))
        if code := _courier(here, root, argv):
            console.tell(f"\nThe demo ends here. Look around in {root}; try `courier doctor`.")
            return code
    if keep:
        console.show(_next(here, root))
    return 0


def _courier(here: Here, root: Path, argv: Sequence[str]) -> int:
    """Run a command as the person would, there."""
    from courier.cli.app import main

    colour = "always" if here.console.ink.colour else here.console.choice
    return main([*argv, "--color", colour], environment=here.environment, cwd=str(root))


async def _repository(here: Here, base: Path, agent: str) -> Path:
    from courier.errors import Conflict
    from courier.shipped import shipped
    from courier.storage.scratch import commit_all, make_scratch

    source = Path(shipped("examples")) / "quickstart"
    if (base / source.name).exists() or (base / "origin.git").exists():
        raise Conflict(f"There is a demo in {base} already.", next_step="Give another --dir.")
    root = await make_scratch(source, base, here.environment)
    if agent == "claude":
        text = (root / _RUN).read_text()
        (root / _RUN).write_text(text.replace("workflow: fix\n", "workflow: fix-with-claude\n"))
        await commit_all(root, "Let Claude Code do it", here.environment)
    return root


def _check(here: Here, agent: str) -> None:
    """Refuse what cannot work, before anything is made."""
    from courier.cli.findings import findings
    from courier.errors import Misconfigured

    found = here.run(findings(here))
    for one in found:
        if one.level == "missing":
            raise Misconfigured(f"{one.name}: {one.detail}", next_step=one.advice)
    if agent != "claude":
        return
    claude = next(one for one in found if one.name == "agent claude")
    if claude.level != "ok":
        raise Misconfigured(
            "Claude Code cannot work here.", detail=claude.detail, next_step=claude.advice
        )


def _remove(here: Here, base: Path) -> None:
    import shutil

    from courier.wiring import home_of

    shutil.rmtree(home_of(here.settings, str(base / "origin.git")).folder, ignore_errors=True)
    shutil.rmtree(base, ignore_errors=True)


def _next(here: Here, root: Path) -> str:
    import sys

    from courier.system import find_program

    lines = [here.console.ink.paint("\nWhat to type next", "cyan"), f"  cd {root}"]
    if find_program("courier", here.environment) is None:
        lines.append(f"  export PATH={Path(sys.executable).parent}:$PATH")
    return (
        "\n".join(lines)
        + """
  courier logs fix-slugify              what the agent said and did
  courier pr merge 1 && git pull        approve the work, and have it here
  courier explain run/fix-slugify       where every value comes from
  courier run another --workflow fix --prompt "..." --now
  courier init                          in a repository of yours"""
    )
