"""The process that carries a brief out with an agent somebody described."""

from courier.agents.described.argv import filled, names_in
from courier.agents.described.stream import DescribedTranslator
from courier.resources.agent import AgentSpec
from courier.runs.brief import Brief, Launch


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
        prompt_file = f"{brief.scratch}/prompt.md"
        by_file = spec.prompt == "file" or "promptFile" in names_in(argv)
        return Launch(
            argv=filled(
                argv,
                {
                    "model": brief.model,
                    "effort": brief.effort,
                    "session": brief.session,
                    # No argument of a process can hold it.
                    "prompt": brief.prompt.replace("\0", ""),
                    "promptFile": prompt_file,
                },
            ),
            stdin=brief.prompt if spec.prompt == "stdin" else "",
            files={prompt_file: brief.prompt.encode(errors="replace")} if by_file else {},
            env={**_plain(spec), **brief.env},
            secrets=(*brief.secrets, *_secrets(spec, brief)),
        )

    def translator(self, brief: Brief) -> DescribedTranslator:  # noqa: ARG002 - the port's shape
        """Return a fresh translator for one turn."""
        return DescribedTranslator(self._name, self._spec)


def _plain(spec: AgentSpec) -> dict[str, str]:
    return {each.name: each.value for each in spec.env if each.value is not None}


def _secrets(spec: AgentSpec, brief: Brief) -> tuple[str, ...]:
    """Return the description's secrets, except variables that the step gives otherwise."""
    given = {name.removeprefix("?").partition("=")[0] for name in brief.secrets} | set(brief.env)
    asked = [(each.name, each.secret_ref) for each in spec.env if each.secret_ref is not None]
    return tuple(
        name if name == secret else f"{name}={secret}"
        for name, secret in asked
        if name not in given
    )
