"""The process that carries a brief out with an agent somebody described."""

from collections.abc import Iterable, Sequence

from courier.agents.described.argv import filled, names_in, takes_images
from courier.agents.described.stream import DescribedTranslator
from courier.resources.agent import AgentSpec
from courier.runs.briefs.brief import Brief, Launch
from courier.runs.briefs.keys import given
from courier.runs.briefs.placement import Places, place


class DescribedDriver:
    """One turn of the agent that an Agent document describes.

    Args:
        name: The document's name.
        spec: What the document says.
    """

    def __init__(self, name: str, spec: AgentSpec) -> None:
        self._name = name
        self._spec = spec

    @property
    def name(self) -> str:
        """The name people write in YAML."""
        return self._name

    def launch(self, brief: Brief) -> Launch:
        """Return the process that takes one turn."""
        spec = self._spec
        argv = spec.continue_ if spec.continue_ and brief.session else spec.start
        prompt_file, places = f"{brief.scratch}/prompt.md", _places(spec, brief, argv)
        placed = place(brief, places)
        prompt = _prompt(brief, argv)
        by_file = spec.prompt == "file" or "promptFile" in names_in(argv)
        written = {prompt_file: prompt.encode(errors="replace")} if by_file else {}
        return Launch(
            argv=filled(
                argv,
                {
                    "model": brief.model,
                    "effort": brief.effort,
                    "session": brief.session,
                    # No argument of a process can hold it.
                    "prompt": prompt.replace("\0", ""),
                    "promptFile": prompt_file,
                    "instructionsFile": _if_any(places.guide, placed.files),
                    "skillsFolder": _if_any(places.skills, placed.files),
                    "commandsFolder": _if_any(places.commands, placed.files),
                },
                images=brief.images,
            ),
            stdin=prompt if spec.prompt == "stdin" else "",
            files={**written, **placed.files},
            executable=placed.executable,
            env={**_plain(spec), **brief.env},
            secrets=(*brief.secrets, *_secrets(spec, brief)),
        )

    def translator(self, brief: Brief) -> DescribedTranslator:  # noqa: ARG002 - the port's shape
        """Return a fresh translator for one turn."""
        return DescribedTranslator(self._name, self._spec)


def _places(spec: AgentSpec, brief: Brief, argv: Sequence[str]) -> Places:
    """Return where it looks: below its home as described, else where its command is told."""
    home, files, told = brief.home or brief.scratch, spec.files, names_in(argv)

    def at(path: str | None, name: str) -> str | None:
        if path is not None:
            return f"{home}/{path.rstrip('/')}"
        return f"{brief.scratch}/{name}" if name in told else None

    return Places(
        guide=at(files.instructions, "instructionsFile"),
        skills=at(files.skills, "skillsFolder"),
        commands=at(files.commands, "commandsFolder"),
    )


def _if_any(place: str | None, files: Iterable[str]) -> str | None:
    return place if place and any(f"{path}/".startswith(f"{place}/") for path in files) else None


def _prompt(brief: Brief, argv: Sequence[str]) -> str:
    """Return the prompt; it names pictures that the command has no place for."""
    if not brief.images or takes_images(argv):
        return brief.prompt
    named = "\n".join(f"- {path}" for path in brief.images)
    return f"{brief.prompt}\n\nPictures that belong to this:\n\n{named}\n"


def _plain(spec: AgentSpec) -> dict[str, str]:
    return {each.name: each.value for each in spec.env if each.value is not None}


def _secrets(spec: AgentSpec, brief: Brief) -> tuple[str, ...]:
    """Return the description's secrets, except variables that the step gives otherwise."""
    known = given(brief)
    asked = [(each.name, each.secret_ref) for each in spec.env if each.secret_ref is not None]
    return tuple(
        name if name == secret else f"{name}={secret}"
        for name, secret in asked
        if name not in known
    )
