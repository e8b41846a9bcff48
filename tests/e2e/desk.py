"""A workspace at which turns of a real agent CLI are taken, as plain processes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from courier.runs.briefs.brief import Brief
from courier.runs.transcripts.transcript import AgentEvent, Outcome
from tests.e2e.clis import local
from tests.e2e.clis.situations import Cli
from tests.fakes.models import ScriptedModels


@dataclass
class Desk:
    """One workspace and home, in which turns of one run are taken."""

    cli: Cli
    root: Path
    models: ScriptedModels
    scenario: str

    @property
    def work(self) -> Path:
        return self.root / "work"

    async def turn(
        self,
        prompt: str,
        *,
        secrets: Mapping[str, str] | None = None,
        until: Callable[[str], bool] | None = None,
        wanted: tuple[str, ...] = (),
        **wishes: object,
    ) -> tuple[list[AgentEvent], Outcome]:
        """Take one turn; return what was told and how it ended.

        Args:
            prompt: What is asked.
            secrets: What courier's environment would hold.
            until: The line after which it is stopped.
            wanted: The secrets the brief names.
            wishes: Anything else of the brief.
        """
        driver = self.cli.driver
        base = self.models.base_url("run", self.scenario)
        brief = Brief(
            prompt=prompt,
            workspace=str(self.work),
            scratch=str(self.root / "scratch"),
            model=self.cli.model,
            secrets=wanted,
            env={name: value.replace("{base}", base) for name, value in self.cli.env.items()},
        )
        brief = replace(brief, **wishes)  # type: ignore[arg-type]  # the test's own wishes
        ended = await local.run(
            driver.launch(brief),
            cwd=self.work,
            home=self.root / "home",
            secrets=self.cli.secrets if secrets is None else secrets,
            until=until,
        )
        translator = driver.translator(brief)
        events = [event for line in ended.lines for event in translator.line(line)]
        return events, translator.outcome(ended.exit_code, stderr=ended.stderr)
