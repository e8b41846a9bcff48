"""The process: hands its arguments, environment and folder to the command line."""

import os
import sys


def main() -> int:
    """Run the command the process was started for; return its exit code."""
    from courier.cli.app import main as run

    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a mark shows another; it does not stop the command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    return run(sys.argv[1:], environment=os.environ, cwd=os.environ.get("PWD") or os.curdir)


if __name__ == "__main__":
    sys.exit(main())
