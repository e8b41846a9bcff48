"""Benchmarks of loading, validating and starting; run ``python -m tests.bench.validate``.

Each table compares programs of the same run, as Markdown on stdout; progress goes to stderr.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from courier.shipped import shipped
from tests.bench.corpus import write_corpus
from tests.bench.paired import Case, measure, measure_rounds, table, times_faster

BIN = Path(sys.executable).parent
COURIER = str(BIN / "courier")
ANY = str(Path(shipped("schemas"), "any.json"))
REPOSITORY = Path(__file__).parents[2]


@contextmanager
def corpus(count: int) -> Iterator[tuple[Path, list[Path], dict[str, str]]]:
    """Yield the root of a committed corpus, its files, and the environment to measure in."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name, "repo")
        paths = write_corpus(root, count)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            "COURIER_HOME": f"{name}/state",
            "PYTHONPATH": str(REPOSITORY),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "x"]):
            subprocess.run(["git", *words], cwd=root, check=True, env=env)
        # git trusts a file's times only once its index is younger.
        time.sleep(1.1)
        subprocess.run(["git", "status", "--short"], cwd=root, check=True, env=env)
        yield root, paths, env


def cold(count: int, sourcemeta: str | None, *, rounds: int) -> str:
    """Compare validating everything, with nothing known from before."""
    with corpus(count) as (root, paths, env):
        slow = min(rounds, 3) if count >= 10_000 else None
        files = [str(path) for path in paths]
        cases = {
            "courier validate": Case(
                [COURIER, "validate"], before=lambda: shutil.rmtree(env["COURIER_HOME"], True)
            ),
            "check-jsonschema": Case(
                [str(BIN / "check-jsonschema"), "--schemafile", ANY, *files], rounds=slow
            ),
            "PyYAML + pydantic": Case(
                [sys.executable, "-m", "tests.bench.naive", str(root)], rounds=slow
            ),
        }
        if sourcemeta:
            cases["sourcemeta jsonschema"] = Case([sourcemeta, "validate", ANY, *files])
        measured = measure(cases, rounds=rounds, cwd=str(root), env=env)
    goals = {
        10: {"check-jsonschema": "≥ 3"},
        1_000: {"check-jsonschema": "≥ 25"},
        10_000: {
            "check-jsonschema": "≥ 50",
            "PyYAML + pydantic": "≥ 20",
            "sourcemeta jsonschema": "≥ 1.5",
        },
    }
    return table(f"cold, {count:,} documents", measured, "courier validate", goals.get(count, {}))


def warm(count: int, *, rounds: int) -> str:
    """Compare an unchanged tree, one changed file, and everything anew."""
    with corpus(count) as (root, paths, env):
        target, text = paths[len(paths) // 2], paths[len(paths) // 2].read_text()
        changes = iter(range(1_000))

        def clean() -> None:
            target.write_text(text)
            subprocess.run(["git", "status", "--short"], cwd=root, env=env, check=True)

        def change() -> None:
            target.write_text(f"{text}# {next(changes)}\n")

        cases = {
            "courier validate, nothing changed": Case([COURIER, "validate"], before=clean),
            "git status": Case(["git", "status", "--porcelain", "--", ".courier"]),
            f"courier validate, one of {count:,} changed": Case(
                [COURIER, "validate"], before=change
            ),
            "courier validate, nothing kept": Case(
                [COURIER, "validate", "--no-cache"], before=clean
            ),
        }
        found = measure_rounds(cases, rounds=rounds, cwd=str(root), env=env)
    same, status, changed, all_ = found.values()
    measured = {name: median(used.cpu for used in each) for name, each in found.items()}
    rows = table(f"warm, {count:,} documents", measured, next(iter(cases)), {})
    unchanged, faster = times_faster(same, status), times_faster(all_, changed)
    worst = min(a.cpu / b.cpu for a, b in zip(all_, changed, strict=True))
    return (
        f"{rows}\nRatios within a round, median of {rounds}. "
        f"Nothing changed: {unchanged.cpu:.2f} x `git status` in CPU time (goal ≤ 4), "
        f"{unchanged.wall:.2f} x by the clock. One changed: {faster.cpu:.1f} x faster than cold "
        f"in CPU time (goal ≥ 5; worst round {worst:.1f}), {faster.wall:.1f} x by the clock.\n"
    )


def start(*, rounds: int) -> str:
    """Compare how long help takes."""
    with tempfile.TemporaryDirectory() as name:
        empty = Path(name, "empty.py")
        empty.write_text("import click\n@click.command()\ndef main(): pass\nmain()\n")
        cases = {
            "courier --help": Case([COURIER, "--help"]),
            "courier --help, through click": Case([COURIER, "--color", "never", "--help"]),
            "an empty click program": Case([sys.executable, str(empty), "--help"]),
            "check-jsonschema --help": Case([str(BIN / "check-jsonschema"), "--help"]),
        }
        env = {"PATH": os.environ["PATH"], "HOME": name, "PYTHONPATH": str(REPOSITORY)}
        measured = measure(cases, rounds=rounds, cwd=name, env=env)
    goals = {
        "check-jsonschema --help": "≥ 10",
        "an empty click program": "≥ 0.83",
    }
    return table("start", measured, "courier --help", goals)


def load(count: int, *, rounds: int) -> str:
    """Compare parsers on text in memory."""
    import yaml

    from courier.planning.yaml.text import Engine, read_yaml

    with tempfile.TemporaryDirectory() as name:
        texts = [path.read_bytes() for path in write_corpus(Path(name), count)]
    cases: Mapping[str, Callable[[bytes], object]] = {
        "courier, fast": lambda text: read_yaml("f", text),
        "courier, exact": lambda text: read_yaml("f", text, engine=Engine.EXACT),
        "PyYAML CSafeLoader": lambda text: yaml.load(text, yaml.CSafeLoader),
        "PyYAML safe_load": lambda text: yaml.load(text, yaml.SafeLoader),
    }
    measured = {name: measured_in_process(texts, read, rounds) for name, read in cases.items()}
    return table(f"parsing {count:,} documents", measured, "courier, fast", {})


def measured_in_process(texts: list[bytes], read: Callable[[bytes], object], rounds: int) -> float:
    """Return the median CPU seconds of reading every text."""
    found = []
    for _ in range(rounds):
        before = time.process_time()
        for text in texts:
            read(text)
        found.append(time.process_time() - before)
    return median(found)


def errors(count: int, *, rounds: int) -> str:
    """Say what one error costs: the same documents, right and wrong."""
    from courier.planning.documents.manifest import Schemas, read_manifest
    from courier.shipped import schema_text

    schemas = Schemas(schema_text)
    with tempfile.TemporaryDirectory() as name:
        good = [path.read_bytes() for path in write_corpus(Path(name), count)][1:]
    bad = [text.replace(b"\nspec:\n", b"\nspec:\n  unknwon: 1\n") for text in good]

    def read(text: bytes) -> object:
        return read_manifest("f.yaml", text, schemas=schemas)

    for text in bad[:8]:
        assert [found.code for found in read_manifest("f", text, schemas=schemas).diagnostics] == [
            "UnknownField"
        ]
    each = measured_in_process(bad, read, rounds) - measured_in_process(good, read, rounds)
    return f"One error costs {each / len(bad) * 1000:.3f} ms (goal ≤ 0.5).\n"


def show(text: str) -> None:
    """Write a piece of the report at once: the next one may take minutes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Run the benchmarks that were asked for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("what", nargs="*", default=["start", "load", "errors", "warm", "cold"])
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--sizes", type=int, nargs="*", default=[10, 1_000, 10_000])
    asked.add_argument("--sourcemeta", help="the jsonschema program of @sourcemeta/jsonschema")
    given = asked.parse_args()
    if "start" in given.what:
        show(start(rounds=given.rounds * 3))
    if "load" in given.what:
        show(load(1_000, rounds=given.rounds))
    if "errors" in given.what:
        show(errors(1_000, rounds=given.rounds))
    if "warm" in given.what:
        show(warm(max(given.sizes), rounds=given.rounds))
    if "cold" in given.what:
        for size in given.sizes:
            show(cold(size, given.sourcemeta, rounds=given.rounds))


if __name__ == "__main__":
    main()
