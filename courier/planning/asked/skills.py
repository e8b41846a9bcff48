"""Skills as a run has them: every file of the folder, or the one a document stands for."""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from courier.planning.asked.library import (
    MOST_BYTES,
    MOST_FILES,
    AssetFile,
    Library,
    Wish,
    readable,
)
from courier.planning.documents.manifest import Document
from courier.planning.problems import quoted
from courier.resources.context import Skill
from courier.resources.front_matter import is_whole
from courier.runs.briefs.assets import FrozenFile, FrozenSkill

MAIN: Final = "SKILL.md"
_UNFIT: Final = {
    "link": "is a symbolic link, and a skill holds nothing but files; put a copy in its place",
    "module": "is another repository, and a skill holds nothing but files; remove it",
}


class Flaw(NamedTuple):
    """Why something cannot be given, and where that is."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def unread(document: Document) -> Flaw:
    """Return what to say where files are not known; the shell reads them and plans again."""
    return Flaw(str(document.start), f"The files of {document.ref} were not read.")


def freeze_skill(document: Document, library: Library) -> FrozenSkill | Flaw:
    """Return a skill with all files of its folder, or why it cannot be given."""
    if document.draft.prose is None:
        return _frozen(document, ())
    folder = document.path.rpartition("/")[0]
    found = library.look(Wish(folder))
    if found is None:
        return unread(document)
    flaw = next(_flaws(folder, found.files), None)
    return flaw or _frozen(document, found.files)


def digest(skill: FrozenSkill) -> str:
    """Return the sha256 over paths, contents and executable bits."""
    lines = (
        f"{'x' if each.executable else '-'} {sha256(each.content).hexdigest()} {each.path}\n"
        for each in sorted(skill.files, key=lambda file: file.path)
    )
    return sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def size(skill: FrozenSkill) -> int:
    """Return how many bytes its files hold."""
    return sum(len(each.content) for each in skill.files)


def _flaws(folder: str, files: Sequence[AssetFile]) -> Iterator[Flaw]:
    for each in files:
        if each.kind in _UNFIT:
            yield Flaw(f"{folder}/{each.path}", f"{quoted(each.path)} {_UNFIT[each.kind]}.")
        if not each.path.isprintable():
            yield Flaw(folder, f"The name of a file, {quoted(each.path)}, cannot be printed.")
    if len(files) > MOST_FILES:
        yield Flaw(folder, f"A skill may have {MOST_FILES} files, this one has {len(files)}.")
    if not readable(files):
        largest = max(files, key=lambda file: file.size)
        total = sum(each.size for each in files)
        yield Flaw(
            folder,
            f"The files of a skill may hold {MOST_BYTES:,} bytes together, these hold {total:,}; "
            f"the largest is {quoted(largest.path)} with {largest.size:,}.",
        )


def _frozen(document: Document, files: Sequence[AssetFile]) -> FrozenSkill:
    others = [
        FrozenFile(
            path=each.path,
            content=b64encode(each.content or b""),
            executable=each.kind == "executable",
        )
        for each in files
        if each.path != MAIN
    ]
    main = FrozenFile(path=MAIN, content=b64encode(_main(document, files)))
    return FrozenSkill(name=document.ref.name, files=(main, *others))


def _main(document: Document, files: Sequence[AssetFile]) -> bytes:
    """Return SKILL.md as it stands, or written anew where agents could not read it."""
    written = next((each.content for each in files if each.path == MAIN), None)
    prose = document.draft.prose
    front = prose.front if prose else {}
    if written is not None and not is_whole(front) and {"name", "description"} <= front.keys():
        return written
    skill = Skill.model_validate(document.value).spec
    told = {
        "name": document.ref.name,
        "description": skill.description,
        "license": skill.license,
        "compatibility": skill.compatibility,
        "allowed-tools": skill.allowed_tools,
    }
    lines = (f"{key}: {json.dumps(value)}\n" for key, value in told.items() if value)
    return f"---\n{''.join(lines)}---\n\n{skill.body.strip()}\n".encode()
