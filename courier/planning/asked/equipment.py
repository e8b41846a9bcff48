"""What a step is given, frozen: contexts, skills, commands and scripts with all their content."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from courier.planning.asked.effective import SHELL
from courier.planning.asked.given import Given
from courier.planning.asked.library import Library, Wish
from courier.planning.asked.skills import Flaw, digest, freeze_skill, size, unread
from courier.planning.documents.sources import read_drafts
from courier.resources.context import Command, Context, Script, Skill
from courier.resources.durations import to_seconds
from courier.runs.briefs.assets import FrozenCommand, FrozenScript, FrozenSkill
from courier.runs.run.frozen import FrozenContext, FrozenInput

MOST_TOGETHER: Final = 16 * 1024 * 1024
"""Bytes of skills a run may carry, counted once for every step that is given them."""

_FOLDER: Final = ".courier/"

Piece = FrozenContext | FrozenSkill | FrozenCommand | FrozenScript


@dataclass(frozen=True, slots=True)
class Equipment:
    """What one step is given.

    Attributes:
        origins: Where each is named, by field and name, e.g. ``skills.review``.
        inputs: What the digests of documents do not cover, by digest: skills and files of scripts
            as they are, contexts as they were.
        flaws: Why something cannot be given.
    """

    contexts: tuple[FrozenContext, ...] = ()
    skills: tuple[FrozenSkill, ...] = ()
    commands: tuple[FrozenCommand, ...] = ()
    scripts: tuple[FrozenScript, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()
    inputs: tuple[FrozenInput, ...] = ()
    flaws: tuple[Flaw, ...] = ()


def equip(assets: Iterable[Given], *, agent: str, library: Library) -> Equipment:
    """Return what a step is given.

    What is not enabled is left out, and skills mean nothing to the shell.

    Args:
        assets: What is named for it.
        agent: Who does the step.
        library: Where files come from; what it lacks it is asked to get.
    """
    found = [(each, _freeze(each, library)) for each in assets if _is_meant(each, agent)]
    pieces = [(each, piece) for each, piece in found if not isinstance(piece, Flaw)]
    flaws = [piece for _, piece in found if isinstance(piece, Flaw)]
    commands = [piece for _, piece in pieces if isinstance(piece, FrozenCommand)]
    scripts = [piece for _, piece in pieces if isinstance(piece, FrozenScript)]
    return Equipment(
        contexts=tuple(piece for _, piece in pieces if isinstance(piece, FrozenContext)),
        skills=tuple(piece for _, piece in pieces if isinstance(piece, FrozenSkill)),
        commands=tuple(commands),
        scripts=tuple(scripts),
        origins=tuple((f"{each.field}.{each.ref.name}", each.origin) for each, _ in pieces),
        inputs=tuple(told for _, piece in pieces for told in _inputs(piece)),
        flaws=(*flaws, *_clashes([each for each, _ in pieces], commands, scripts)),
    )


def too_much(steps: Sequence[Equipment]) -> str | None:
    """Return why a run cannot carry all of that; None if it can."""
    total = sum(size(skill) for each in steps for skill in each.skills)
    if total <= MOST_TOGETHER:
        return None
    return (
        f"The skills of all steps hold {total:,} bytes together, and a run may carry "
        f"{MOST_TOGETHER:,}; name large ones only where they are needed."
    )


def _is_meant(each: Given, agent: str) -> bool:
    match each.resource:
        case Command(spec=spec) | Script(spec=spec):
            return spec.enabled
        case Skill():
            return agent != SHELL
        case _:
            return True


def _freeze(each: Given, library: Library) -> Piece | Flaw:
    match each.resource:
        case Context() as context:
            return _context(each, context, library)
        case Skill():
            return freeze_skill(each.document, library)
        case Command(spec=spec):
            return FrozenCommand(
                name=each.ref.name,
                description=spec.description or "",
                prompt=spec.prompt,
                run=spec.run,
            )
        case Script() as script:
            return _script(each, script, library)
        case other:
            raise TypeError(f"{other.kind} is no asset")


def _context(each: Given, context: Context, library: Library) -> FrozenContext | Flaw:
    name, pin = each.ref.name, context.spec.pin
    if pin is None:
        return FrozenContext(name=name, content=context.spec.content)
    place = str(each.document.position(("spec", "pin")))
    found = library.look(Wish(each.document.path, pin))
    if found is None:
        return unread(each.document)
    if found.commit is None:
        return Flaw(
            place,
            f'Context "{name}" is pinned to commit {pin}, which is not in the history of the '
            f"repository as its remote has it. `courier context history {name}` lists versions.",
        )
    content = content_of(name, each.document.path, found.files[0].content if found.files else None)
    if content is None:
        return Flaw(
            place,
            f'Context "{name}" is pinned to commit {pin}, and {each.document.path} did not hold '
            f"it then. `courier context history {name}` lists versions.",
        )
    return FrozenContext(name=name, content=content, version=found.commit)


def content_of(name: str, path: str, data: bytes | None) -> str | None:
    """Return what a Context said in a file as it once was; None if it was not there."""
    if data is None:
        return None
    for draft in read_drafts(path, data, inside=path.removeprefix(_FOLDER)).documents:
        match draft.value:
            case {"kind": "Context", "metadata": {"name": str(found)}, "spec": {"content": text}}:
                if found == name and isinstance(text, str):
                    return text
    return None


def _script(each: Given, script: Script, library: Library) -> FrozenScript | Flaw:
    spec = script.spec
    frozen = FrozenScript(
        name=each.ref.name,
        when=spec.when,
        interpreter=spec.interpreter,
        run=spec.run,
        file=spec.file,
        timeout_seconds=to_seconds(spec.timeout),
        on_failure=spec.on_failure,
    )
    if spec.file is None or not spec.file.startswith(_FOLDER):
        return frozen
    found = library.look(Wish(spec.file))
    if found is None:
        return unread(each.document)
    text = _text(found.files[0].content) if [file.path for file in found.files] == [""] else None
    if text is None:
        place = str(each.document.position(("spec", "file")))
        return Flaw(place, f'Script "{each.ref.name}" needs {spec.file}, which is no file of text.')
    return frozen.model_copy(update={"run": text})


def _text(data: bytes | None) -> str | None:
    try:
        return None if data is None else data.decode()
    except UnicodeDecodeError:
        return None


def _inputs(piece: Piece) -> Iterator[FrozenInput]:
    match piece:
        case FrozenSkill():
            yield FrozenInput(kind="Skill", name=piece.name, digest=digest(piece))
        case FrozenContext(version=str(version)):
            told = sha256(piece.content.encode()).hexdigest()
            yield FrozenInput(kind="Context", name=piece.name, digest=told, version=version)
        case FrozenScript(file=str(file), run=str(run)):
            told = sha256(run.encode()).hexdigest()
            yield FrozenInput(kind="File", name=file, digest=told)
        case _:
            return


def _clashes(
    assets: Sequence[Given], commands: Sequence[FrozenCommand], scripts: Sequence[FrozenScript]
) -> Iterator[Flaw]:
    """Yield every name that two programs of one PATH would have."""
    programs = {each.name for each in commands if each.run is not None}
    for script in scripts:
        if script.when == "onDemand" and script.name in programs:
            named = next(each for each in assets if each.ref == ("Script", script.name))
            message = (
                f'Command "{script.name}" and Script "{script.name}" would both be the program '
                f"`{script.name}`; rename one of them."
            )
            yield Flaw(str(named.document.start), message)
