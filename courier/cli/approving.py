"""Approving answers: in the file they stand in, everything else in it left as it is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from courier.cli.here import Here

if TYPE_CHECKING:
    from courier.planning.documents.manifest import Document


async def approve_answers(here: Here, name: str, questions: Sequence[str]) -> None:
    """Set answers of a session to approved, in the working tree.

    Args:
        here: Where the command was started.
        name: The AnsweringSession.
        questions: The questions whose answers are right; all that have one when empty.

    Raises:
        NotFound: If there is no such session, or no such answer.
        Misused: If its file cannot be written into.
    """
    from courier.errors import Misused
    from courier.planning.answers.writing import Unwritable, with_approval
    from courier.planning.documents.manifest import Schemas
    from courier.shipped import schema_text

    document = await _session(here, name)
    answers: Sequence[Any] = document.value["spec"].get("answers") or ()
    wanted = _wanted(document, answers, questions)
    todo = [each["question"] for each in answers if not each.get("approved")]
    chosen = [each for each in wanted if each in todo]
    if not chosen:
        here.console.show(f"Nothing to change in {document.path}.")
        return
    path = here.checkout.root / document.path
    try:
        content = with_approval(
            document.path, path.read_bytes(), document.ref, chosen, schemas=Schemas(schema_text)
        )
    except Unwritable as why:
        raise Misused("The answers cannot be approved here.", detail=str(why)) from why
    path.write_bytes(content)
    here.console.show(f"Approved in {document.path}: {', '.join(chosen)}.")
    here.console.tell("It takes effect once that is on the tracked branch; see `courier plan`.")


async def _session(here: Here, name: str) -> "Document":
    from courier.engine.passes.preview import read_files
    from courier.errors import NotFound
    from courier.planning.catalog.questions import KIND
    from courier.planning.documents.manifest import Schemas
    from courier.planning.documents.references import Ref
    from courier.planning.problems import suggestion
    from courier.shipped import schema_text

    catalog = read_files(await here.checkout.files(), Schemas(schema_text)).catalog
    found = catalog.documents.get(Ref(KIND, name))
    if found is None:
        known = [ref.name for ref in catalog.of_kind(KIND)]
        hint = suggestion(name, known).strip()
        raise NotFound(
            "There is no such answering session on disk.",
            detail=name,
            next_step=hint or "Where it waits in a pull request, set `approved: true` there.",
        )
    return found


def _wanted(
    document: "Document", answers: Sequence[Any], questions: Sequence[str]
) -> Sequence[str]:
    from courier.errors import NotFound
    from courier.planning.problems import suggestion

    answered = [each["question"] for each in answers]
    for each in questions:
        if each not in answered:
            hint = suggestion(each, answered).strip()
            raise NotFound(
                "There is no such answer.",
                detail=f"{document.ref} has no answer to {each}.",
                next_step=hint or f"It has answers to: {', '.join(answered) or 'nothing yet'}.",
            )
    return questions or answered
