"""Where an agent's guide, skills and slash commands lie, as files that no commit can hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from courier.errors import Misconfigured
from courier.runs.briefs.brief import Brief
from courier.runs.briefs.slash import command_document


@dataclass(frozen=True, slots=True)
class Places:
    """Where an agent looks, as absolute paths in the sandbox; None where it does not.

    Attributes:
        guide: The file it reads instructions from.
        skills: The folder that holds a folder for each skill.
        commands: The folder that holds a Markdown file for each slash command.
    """

    guide: str | None = None
    skills: str | None = None
    commands: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Files for an agent, by absolute path, and which of them can be run."""

    files: Mapping[str, bytes]
    executable: frozenset[str]


def place(brief: Brief, places: Places) -> Placed:
    """Return the files that put a brief's guide, skills and slash commands where an agent looks.

    Raises:
        Misconfigured: If one of them would lie in the work tree, or outside its folder.
    """
    skills = tuple(_skills(brief, places.skills)) if places.skills else ()
    files = {
        **(_guide(brief, places.guide) if places.guide else {}),
        **{path: content for path, content, _ in skills},
        **(dict(_commands(brief, places.commands)) if places.commands else {}),
    }
    for path in files:
        if path.startswith(f"{brief.workspace}/"):
            raise Misconfigured(
                "An agent's own files would lie in the repository's work tree.",
                detail=path,
                next_step="Name another place under the Agent's `files`.",
            )
    return Placed(files, frozenset(path for path, _, runs in skills if runs))


def _guide(brief: Brief, path: str) -> dict[str, bytes]:
    guide = brief.guide.strip()
    return {path: _text(f"{guide}\n")} if guide else {}


def _skills(brief: Brief, folder: str) -> Iterator[tuple[str, bytes, bool]]:
    for skill in brief.skills:
        for file in skill.files:
            yield _below(folder, skill.name, file.path), file.content, file.executable


def _commands(brief: Brief, folder: str) -> Iterator[tuple[str, bytes]]:
    for command in brief.commands:
        if command.prompt is not None:
            yield _below(folder, f"{command.name}.md"), _text(command_document(command))


def _below(folder: str, name: str, path: str | None = None) -> str:
    parts = (name, *(() if path is None else path.split("/")))
    if "/" in name or any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise Misconfigured(
            "A file for an agent would lie outside its folder.", detail="/".join(parts)
        )
    return "/".join((folder, *parts))


def _text(text: str) -> bytes:
    return text.encode(errors="replace")
