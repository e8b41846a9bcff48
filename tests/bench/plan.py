"""What planning costs: cold, with one document of 10,000 changed, and with nothing to do.

Every figure is a ratio of CPU time within one process, so that it means the same on any machine:
``python -m tests.bench.plan``.
"""

import gc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import process_time

from courier.planning.catalog.catalog import Reading, read_catalog
from courier.planning.documents.manifest import Schemas
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import spec_digest
from courier.planning.observed.history import Sample
from courier.planning.observed.observed import Observed, ObservedRun, fold
from courier.planning.plan import Plan
from courier.planning.planner import Pass, plan_pass
from courier.resources.kinds import read_resource
from courier.resources.schema import schema_name

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DRIVERS = frozenset({"claude", "shell"})
RUNS = 9_000
CONTEXTS = 980
WORKFLOWS = 19
HISTORY = 100_000
STARTS = 200
ROUNDS = 7

Files = dict[str, bytes]


@dataclass
class World:
    """One repository's documents, read once, and what is on record."""

    files: Files
    schemas: Schemas
    reading: Reading
    seen: Observed
    by: Pass


def main() -> None:
    """Print the figures as a Markdown table."""
    world = prepare()
    settled = plan_pass(world.reading.catalog, world.seen, world.by)
    assert settled.settled == RUNS
    assert not settled.actions
    cold = cost(lambda: everything_cold(world))
    quiet = cost(lambda: reread(world, {}))
    changed = cost(lambda: reread(world, {run_path(RUNS // 2): run_text(RUNS // 2, "Changed.")}))
    deciding = cost(lambda: plan_pass(world.reading.catalog, world.seen, fresh_pass()))
    again = cost(lambda: plan_pass(world.reading.catalog, world.seen, world.by))
    typed = cost(lambda: every_resource(world))
    starting, started = starting_many(world)
    total = len(world.files)
    show(
        [
            (f"read and plan {total:,} documents, cold", cold, cold),
            ("the same, one document changed", changed, cold),
            ("the same, nothing changed", quiet, cold),
            (f"decide alone, {RUNS:,} runs settled, {HISTORY:,} on record", deciding, cold),
            ("decide alone, a later pass", again, cold),
            (f"make all {total:,} resources, which planning avoids", typed, cold),
        ]
    )
    each = (starting - again) / started * 1e6
    print(f"\nOne changed: {cold / changed:.1f} x faster than cold (goal: at least 5 x).")  # noqa: T201
    print(f"A later pass decides in {again * 1e3:.1f} ms CPU (goal: at most 50 ms).")  # noqa: T201
    print(f"Every run to start costs {each:.0f} µs, freezing and prompts included.")  # noqa: T201


def prepare() -> World:
    """Return the world all figures are taken in."""
    files = dict(documents())
    schemas = Schemas(lambda kind: Path("schemas", schema_name(kind)).read_bytes())
    reading = read(files, schemas)
    assert not reading.diagnostics, reading.diagnostics[:3]
    return World(files, schemas, reading, on_record(reading), fresh_pass())


def documents(runs: int = RUNS) -> Iterable[tuple[str, bytes]]:
    """Yield path and text of every document."""
    yield ".courier/project.yaml", text("Project", "demo", "  model: opus\n  effort: high\n")
    for number in range(CONTEXTS):
        body = f"  content: |\n    What part {number} is for.\n    How it is tested.\n"
        yield f".courier/contexts/c{number}.yaml", text("Context", f"c{number}", body)
    for number in range(WORKFLOWS):
        steps = (
            "  type: designerChecker\n  steps:\n"
            f"    - name: design\n      type: designer\n      context: [c{number}]\n"
            "    - name: check\n      type: checker\n      run: make test\n"
        )
        yield f".courier/workflows/w{number}.yaml", text("Workflow", f"w{number}", steps)
    for number in range(runs):
        yield run_path(number), run_text(number, f"Fix part {number}.")


def run_path(number: int) -> str:
    """Return the file of one run."""
    return f".courier/runs/r{number}.yaml"


def run_text(number: int, prompt: str) -> bytes:
    """Return the text of one run."""
    spec = f"  workflow: w{number % WORKFLOWS}\n  prompt: {prompt}\n  budget: 2.5\n"
    return text("Run", f"r{number}", spec)


def text(kind: str, name: str, spec: str) -> bytes:
    """Return a document's text."""
    head = f"apiVersion: courier/v1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n"
    return f"{head}{spec}".encode()


def read(files: Files, schemas: Schemas, former: Reading | None = None) -> Reading:
    """Return the reading of files, given where every blob's id is known, as git knows it."""
    return read_catalog(blobs(files), files, schemas=schemas, former=former)


_IDS: dict[bytes, str] = {}


def blobs(files: Files) -> dict[str, str]:
    """Return the ids git keeps anyway; making them is no part of any figure after the first."""
    for content in files.values():
        if content not in _IDS:
            _IDS[content] = sha256(content).hexdigest()
    return {path: _IDS[content] for path, content in files.items()}


def on_record(reading: Reading) -> Observed:
    """Return a long history in which every run of the catalog is done."""
    found = reading.catalog.documents
    runs = [
        ObservedRun(
            ref.name,
            "completed",
            project="demo",
            workflow=document.value["spec"]["workflow"],
            spec_digest=spec_digest(document.value["spec"]),
            sample=Sample(ref.name, NOW, seconds=60.0, tokens=9_000),
        )
        for ref, document in found.items()
        if ref.kind == "Run"
    ]
    old = [
        ObservedRun(
            f"old-{number}",
            "completed",
            project="demo",
            workflow="w0",
            sample=Sample(f"old-{number}", NOW - timedelta(minutes=number), 60.0, 9_000),
        )
        for number in range(HISTORY - len(runs))
    ]
    return Observed("main", "c" * 40, records=fold([*old, *runs]))


def fresh_pass() -> Pass:
    """Return a pass that knows nothing yet."""
    return Pass(NOW, DRIVERS)


def everything_cold(world: World) -> Plan:
    """Read every file and plan, as the first pass does."""
    return plan_pass(read(world.files, world.schemas).catalog, world.seen, fresh_pass())


def reread(world: World, changes: Files) -> Plan:
    """Read what changed and plan, as a later pass does."""
    reading = read(world.files | changes, world.schemas, world.reading)
    return plan_pass(reading.catalog, world.seen, world.by)


def every_resource(world: World) -> None:
    """Make a typed resource of every document."""
    for document in world.reading.catalog.documents.values():
        read_resource(document.value)


def starting_many(world: World) -> tuple[float, int]:
    """Return what a pass costs in which many runs start, and how many did."""
    runs = dict(world.seen.records.runs)
    for number in range(STARTS):
        del runs[f"r{number}"]
    seen = Observed("main", "c" * 40, records=fold(runs.values()))
    roomy = text("Project", "demo", "  model: opus\n  concurrency: {openPullRequests: 10000}\n")
    reading = read(world.files | {".courier/project.yaml": roomy}, world.schemas, world.reading)
    found = plan_pass(reading.catalog, seen, world.by)
    assert len(found.actions) == STARTS
    assert Ref("Run", "r0") in reading.catalog.documents

    def once() -> Plan:
        fresh = read(world.files | {".courier/project.yaml": roomy}, world.schemas, reading)
        started = process_time()
        found = plan_pass(fresh.catalog, seen, world.by)
        spent.append(process_time() - started)
        return found

    spent: list[float] = []
    for _ in range(ROUNDS):
        once()
    return median(spent), STARTS


def cost(work: Callable[[], object]) -> float:
    """Return the median CPU seconds of a piece of work."""
    work()
    spent = []
    for _ in range(ROUNDS):
        gc.collect()
        started = process_time()
        work()
        spent.append(process_time() - started)
    return median(spent)


def show(rows: list[tuple[str, float, float]]) -> None:
    """Print rows of what, milliseconds, and share of the cold pass."""
    print("| what | ms CPU | of cold |\n| --- | ---: | ---: |")  # noqa: T201
    for what, spent, cold in rows:
        print(f"| {what} | {spent * 1e3:.1f} | {spent / cold:.3f} |")  # noqa: T201


if __name__ == "__main__":
    main()
