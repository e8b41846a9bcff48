"""Issues and questions of a scan, as documents."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from pydantic import JsonValue

from courier.planning.documents.manifest import Schemas
from courier.planning.harvest.crop import FOLDER, Crop, Known, counted, document
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.harvest.issues import FoundIssue, FoundIssues, FoundQuestion
from courier.runs.harvest.words import alike, inline, name_from

_SUMMARY: Final = 60


@dataclass(slots=True)
class _Sifted:
    """What is proposed, and what is left out and why."""

    files: dict[str, bytes] = field(default_factory=dict)
    issues: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


class IssueCrop:
    """Makes one file for each issue, and one session for all questions."""

    kinds = ("Issue", "AnsweringSession")

    def crop(
        self,
        answer: Mapping[str, JsonValue],
        harvest: FrozenHarvest,
        known: Known,
        *,
        schemas: Schemas,  # noqa: ARG002 - the sort's shape
    ) -> Crop:
        """Return the files; what is known already is left out and said so."""
        found = FoundIssues.model_validate(answer, strict=False)
        sifted = _Sifted()
        _sift(sifted, found.issues, harvest, known)
        _ask(sifted, found.questions, harvest, known)
        if not sifted.files:
            told = "Everything it found is known already." if sifted.left_out else ""
            return Crop(message=told or "The scan found nothing to do.")
        return Crop(sifted.files, _title(sifted, harvest), _body(sifted, harvest))


def _sift(
    sifted: _Sifted, issues: tuple[FoundIssue, ...], harvest: FrozenHarvest, known: Known
) -> None:
    titles = {one.value["spec"]["title"]: one.place for one in known.of_kind("Issue")}
    names = set(known.names("Issue"))
    for issue in issues:
        twin = next((where for title, where in titles.items() if alike(title, issue.title)), None)
        if twin is not None:
            sifted.left_out.append(f"{inline(issue.title)}: known as {twin}.")
            continue
        if len(sifted.issues) == harvest.most:
            sifted.left_out.append(f"{inline(issue.title)}: more than the scan may propose.")
            continue
        name = name_from(issue.title, taken=names, otherwise="issue")
        path = _free(f"issues/{name}", known)
        names.add(name)
        titles[issue.title] = f"`{name}` above"
        sifted.files[path] = document("Issue", name, _spec(issue, harvest), harvest=harvest)
        sifted.issues.append(_line(issue, path))


def _spec(issue: FoundIssue, harvest: FrozenHarvest) -> dict[str, object]:
    return {
        "title": issue.title,
        "description": issue.description,
        "priority": issue.priority,
        "suggestedPrompt": issue.suggested_prompt,
        "paths": list(issue.paths),
        "assumptions": list(issue.assumptions),
        "scan": harvest.name,
    }


def _line(issue: FoundIssue, path: str) -> str:
    why = inline(issue.why) or inline(issue.description)[:300]
    return f"**{inline(issue.title)}** ({issue.priority}, `{path}`): {why}"


def _ask(
    sifted: _Sifted, questions: tuple[FoundQuestion, ...], harvest: FrozenHarvest, known: Known
) -> None:
    """Put questions nobody asked yet into a session of their own."""
    asked = dict(_asked(known))
    ids: set[str] = set()
    told: list[object] = []
    for question in questions:
        twin = next((where for text, where in asked.items() if alike(text, question.text)), None)
        if twin is not None:
            sifted.left_out.append(f"{inline(question.text)[:200]}: asked in {twin}.")
            continue
        name = name_from(question.text[:_SUMMARY], taken=ids, otherwise="question")
        ids.add(name)
        asked[question.text] = "this one"
        told.append({"id": name, "text": question.text})
        why = inline(question.why)
        sifted.questions.append(inline(question.text)[:500] + (f" ({why})" if why else ""))
    if told:
        name = _session(harvest.name, known.names("AnsweringSession"))
        spec = {"scan": harvest.name, "questions": told}
        path = _free(f"answers/{name}", known)
        sifted.files[path] = document("AnsweringSession", name, spec, harvest=harvest)


def _session(scan: str, taken: Container[str]) -> str:
    """Return the name of a scan's next session."""
    names = (f"{scan[:55].rstrip('-')}-{number}" for number in count(1))
    return next(name for name in names if name not in taken)


def _asked(known: Known) -> Iterator[tuple[str, str]]:
    for one in known.of_kind("AnsweringSession"):
        for question in one.value["spec"]["questions"]:
            yield question["text"], one.place


def _free(stem: str, known: Known) -> str:
    """Return a path where no file is yet."""
    path, number = f"{FOLDER}{stem}.yaml", 1
    while path in known.paths:
        number += 1
        path = f"{FOLDER}{stem}.{number}.yaml"
    return path


def _title(sifted: _Sifted, harvest: FrozenHarvest) -> str:
    parts = [
        counted(len(some), word)
        for some, word in ((sifted.issues, "issue"), (sifted.questions, "question"))
        if some
    ]
    return f"{' and '.join(parts)} from scan {harvest.name}"


def _body(sifted: _Sifted, harvest: FrozenHarvest) -> str:
    parts = [
        f"Scan `{harvest.name}` looked through the repository. Merging takes over what you leave "
        "here; delete the files of what should not be done.",
    ]
    if sifted.issues:
        parts += ["## Issues", _listed(sifted.issues)]
    if sifted.questions:
        told = (
            "An answering session looks for answers once this is merged. Write answers you know "
            "into the file yourself, with `approved: true`."
        )
        parts += ["## Questions", _listed(sifted.questions), told]
    if sifted.left_out:
        parts += ["## Left out", _listed(sifted.left_out)]
    return "\n\n".join(parts)


def _listed(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
