"""What is enclosed with a task, beside the repository: pictures, and what earlier steps said."""

import re
from dataclasses import dataclass

from courier.engine.world import World
from courier.ports.sandboxes import Sandbox
from courier.runs.run.frozen import FrozenImage
from courier.runs.steps.handoff import papers
from courier.runs.steps.prompts import Situation

_ODD = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Enclosures:
    """What is enclosed with one attempt.

    Attributes:
        attempt: The attempt's name.
        pictures: The run's pictures.
        known: What it is told.
    """

    attempt: str
    pictures: tuple[FrozenImage, ...]
    known: Situation

    def images(self, home: str) -> tuple[str, ...]:
        """Return where each picture lies in a sandbox."""
        folder = _pictures(home)
        return tuple(f"{folder}/{_name(at, each)}" for at, each in enumerate(self.pictures, 1))

    def environment(self, home: str) -> dict[str, str]:
        """Return the variables that say where it all lies."""
        told = {"COURIER_EARLIER": self._earlier(home)}
        return told | ({"COURIER_IMAGES": _pictures(home)} if self.pictures else {})

    async def put(self, world: World, sandbox: Sandbox) -> None:
        """Write it all into a sandbox; again is the same as once."""
        # The folder is there even where nothing was said.
        files = {f"{self._earlier(sandbox.home)}/.keep": b""}
        for name, text in papers(self.known).items():
            files[f"{self._earlier(sandbox.home)}/{name}"] = text.encode()
        if self.pictures:
            contents = await world.repository.read([each.blob for each in self.pictures])
            files |= dict(zip(self.images(sandbox.home), contents, strict=True))
        await sandbox.write(files)

    def _earlier(self, home: str) -> str:
        return f"{home}/.courier/earlier-{self.attempt}"


def _pictures(home: str) -> str:
    return f"{home}/.courier/images"


def _name(at: int, image: FrozenImage) -> str:
    stem = image.path.rpartition("/")[2].rpartition(".")[0]
    plain = _ODD.sub("-", stem)[:60].strip(".-") or "image"
    return f"{at:02d}-{plain}.{'jpg' if image.type == 'jpeg' else image.type}"
