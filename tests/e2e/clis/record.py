"""Records what the real agent CLIs print in every scripted situation.

    python -m tests.e2e.clis.record CLI [SITUATION...]

Writes ``tests/unit/agents/recordings/<cli>-<version>-<situation>.jsonl``: a first line about
the process, then its output as printed, with this machine's paths replaced and long lists of
the first event left out.
"""

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from courier.runs.briefs.brief import Brief
from courier.runs.usage.usage import Usage
from tests.e2e.clis import local
from tests.e2e.clis.situations import CLIS, Cli, Situation
from tests.fakes.models import ScriptedModels

FOLDER = Path(__file__).parents[2] / "unit" / "agents" / "recordings"


async def record(cli: Cli, name: str, models: ScriptedModels) -> str:
    """Return one recording's text."""
    situation = cli.situations[name]
    with tempfile.TemporaryDirectory(dir=local.ROOMS) as folder:
        root = local.furnish(Path(folder))
        session, used = situation.session, Usage()
        for turn in range(situation.turns):
            brief = _brief(cli, situation, root, base=models.base_url(name, situation.script))
            brief = replace(
                brief,
                prompt=f"Turn {turn + 1}: do what is needed.",
                session=session,
                used=used,
            )
            ended = await _run(cli, situation, brief, root)
            translator = cli.driver.translator(brief)
            for line in ended.lines:
                translator.line(line)
            outcome = translator.outcome(ended.exit_code, stderr=ended.stderr)
            session, used = outcome.session, used + outcome.usage
        return _text(cli, name, brief, ended, root)


def _brief(cli: Cli, situation: Situation, root: Path, *, base: str) -> Brief:
    return Brief(
        prompt="",
        workspace=str(root / "work"),
        scratch=str(root / "scratch"),
        model=situation.model or cli.model,
        env={
            name: value.replace("{base}", base)
            for name, value in {**cli.env, **situation.env}.items()
        },
    )


async def _run(cli: Cli, situation: Situation, brief: Brief, root: Path) -> local.Ended:
    launch = cli.driver.launch(brief)
    running = local.run(
        replace(
            launch,
            argv=(*launch.argv, *situation.extra),
            # Also what the driver would not let a project set.
            env={**launch.env, **{variable: brief.env[variable] for variable in situation.env}},
        ),
        cwd=root / "work",
        home=root / "home",
        secrets=cli.secrets if situation.secrets is None else situation.secrets,
        until=situation.until,
    )
    return await asyncio.wait_for(running, situation.seconds)


def _text(cli: Cli, name: str, brief: Brief, ended: local.Ended, root: Path) -> str:
    head = {
        "cli": cli.driver.name,
        "version": cli.version,
        "scenario": name,
        "exitCode": ended.exit_code,
        "stderr": ended.stderr,
    }
    if brief.session is not None:
        head |= {"session": brief.session, "used": brief.used.model_dump(mode="json")}
    lines = [_shorten(line, cli.long) for line in ended.lines]
    text = "\n".join([json.dumps(head), *lines]) + "\n"
    slug = re.sub(r"[^A-Za-z0-9]", "-", str(root))
    text = text.replace(str(root), "/sandbox").replace(slug, "-sandbox")
    text = text.replace(str(local.TOOLS.parent), "/tools")
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", text)


def _shorten(line: str, long: frozenset[str]) -> str:
    if not line.startswith("{") or not long:
        return line
    return json.dumps(_kept(json.loads(line), long), ensure_ascii=False, separators=(",", ":"))


def _kept(value: Any, long: frozenset[str]) -> Any:
    match value:
        case dict():
            return {key: _kept(part, long) for key, part in value.items() if key not in long}
        case list():
            return [_kept(part, long) for part in value]
    return value


async def main(name: str, situations: Sequence[str]) -> None:
    """Make the named recordings of one CLI, or all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    cli = CLIS[name]
    with ScriptedModels(cli.scripts) as models:
        for situation in situations or cli.situations:
            try:
                text = await record(cli, situation, models)
            except TimeoutError:
                print(f"{situation}: no end")  # noqa: T201 - a tool for people
                continue
            path = FOLDER / f"{name}-{cli.version}-{situation}.jsonl"
            path.write_text(text, encoding="utf-8")
            print(f"{situation}: {len(text)} characters")  # noqa: T201 - a tool for people


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
