"""The door: answers what needs no program at once, and hands the rest to the commands."""

import sys

_HELP = {
    ("--help",): "courier",
    ("-h",): "courier",
    ("validate", "--help"): "validate",
    ("validate", "-h"): "validate",
}


def main() -> int:
    """Run the command the process was started for; return its exit code, unless it ends here."""
    words = tuple(sys.argv[1:])
    if words == ("--version",):
        _end(_version())
    if words in _HELP and _prepared(_HELP[words]):
        _end(_prepared(_HELP[words]))
    # A terminal that cannot show a mark shows another; it does not stop the command.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if words[:1] == ("validate",) and not {"--help", "-h"}.intersection(words):
        try:
            _validate(words[1:])
        except Exception:  # noqa: BLE001 - the program does it again and reports what goes wrong
            return _command(words)
    return _command(words)


def _command(words: tuple[str, ...]) -> int:
    import os

    from courier.cli.app import main as run

    return run(words, environment=os.environ, cwd=os.environ.get("PWD") or os.curdir)


def _version() -> str:
    from courier import __version__

    return f"courier {__version__}\n"


def _prepared(name: str) -> str:
    try:
        with open(f"{__file__[: -len('__main__.py')]}cli/help/{name}.txt") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return ""


def _validate(words: tuple[str, ...]) -> None:
    import gc
    import os

    # One short command: nothing it makes is worth collecting, nor its end worth tidying.
    gc.disable()
    from courier.cli.verdict import Place, run

    environment = dict(os.environ)
    try:
        code = run(words, Place(os.curdir, environment, state_folder(environment)))
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = 1
    except KeyboardInterrupt:
        code = 130
    os._exit(code)


def state_folder(environment: dict[str, str]) -> str:
    """Return what `courier.settings.state_home` returns, without loading it."""
    import os

    if chosen := environment.get("COURIER_HOME"):
        return os.path.abspath(os.path.expanduser(chosen))  # noqa: PTH100, PTH111
    state = environment.get("XDG_STATE_HOME")
    return f"{state or environment.get('HOME', '/tmp') + '/.local/state'}/courier"  # noqa: S108


def _end(text: str) -> None:
    import os

    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
