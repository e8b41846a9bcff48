"""The command line: ``python -m courier.sandboxd --state-dir DIR``."""

import argparse
import json
import logging
import sys
from pathlib import Path

from courier.sandboxd.detach import detach
from courier.sandboxd.ladder import IsolationReport, NoIsolation, isolation_report
from courier.sandboxd.layout import Layout
from courier.sandboxd.limits import Bound
from courier.sandboxd.server import DEFAULT_BOUND, SPARES, AlreadyRunning, Options, serve


def main(arguments: list[str] | None = None) -> int:
    """Run the server, or say which isolation works here; return the exit code."""
    given = _parser().parse_args(arguments)
    if given.doctor:
        report = isolation_report(given.state_dir, allow_plain=given.allow_plain)
        sys.stdout.write(_render(report, as_json=given.json))
        return 0 if report.chosen else 1
    ready = None
    if given.detach:
        layout = Layout(given.state_dir.absolute())
        layout.prepare()
        ready = detach(layout.log)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    options = Options(
        state_dir=given.state_dir.absolute(),
        port=given.port,
        isolation=given.isolation,
        allow_plain=given.allow_plain,
        expose=tuple(path.absolute() for path in given.expose),
        bound=Bound(given.memory_mb, given.pids, given.cpus),
        spares=given.spares,
        idle_seconds=given.idle_exit,
    )
    try:
        serve(options, ready=ready)
    except (AlreadyRunning, NoIsolation, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        if ready is not None:
            ready(str(problem))
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m courier.sandboxd",
        description="An E2B-compatible sandbox server for this machine, loopback only.",
    )
    add = parser.add_argument
    default = Path.home() / ".local/state/courier/sandboxd"
    add("--state-dir", type=Path, default=default, help="where everything is kept")
    add("--port", type=int, default=0, help="0 takes the last one used, or any free one")
    add("--isolation", choices=("auto", "bubblewrap", "landlock", "plain"), default="auto")
    add("--allow-plain", action="store_true", help="run without isolation if there is no other way")
    add("--expose", type=Path, action="append", default=[], metavar="PATH", help="show a path too")
    bound = DEFAULT_BOUND
    add("--spares", type=int, default=SPARES, help="sandboxes made ahead of demand")
    add("--pids", type=int, default=bound.processes, help="processes and threads per sandbox")
    add("--memory-mb", type=int, default=bound.memory_mb, help="memory per sandbox")
    add("--cpus", type=float, default=bound.cpus, help="processors per sandbox, 0 for all")
    add("--idle-exit", type=float, default=0, metavar="SECONDS", help="stop without sandboxes")
    add("--detach", action="store_true", help="go to the background once ready")
    add("--doctor", action="store_true", help="say which isolation works here, and stop")
    add("--json", action="store_true", help="with --doctor: answer as JSON")
    return parser


def _render(report: IsolationReport, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(report.to_json(), indent=2) + "\n"
    lines = []
    for found in report.findings:
        mark = "ok" if found.works else "no"
        lines.append(f"[{mark}] {found.name}: {found.detail}")
        if found.advice:
            lines.append(f"     {found.advice}")
    names = ", ".join(report.limits) or "none of memory and processors (that mostly needs root)"
    lines.append(f"Control groups limit: {names}")
    lines.append(f"Sandboxes use: {report.chosen or 'nothing; the server will not start'}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
