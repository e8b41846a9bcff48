"""Every benchmark in turn: `make bench`, or `python -m tests.bench plan journal` for some."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def found() -> list[str]:
    """Return the benchmarks there are: the modules here that have a main."""
    texts = {path.stem: path.read_text() for path in HERE.glob("*.py")}
    return sorted(
        name
        for name, text in texts.items()
        if not name.startswith("_") and 'if __name__ == "__main__"' in text and name != "naive"
    )


def main() -> None:
    """Run the named benchmarks, or all."""
    for name in sys.argv[1:] or found():
        print(f"== {name}", flush=True)  # noqa: T201 - a program for people
        subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=True)


if __name__ == "__main__":
    main()
