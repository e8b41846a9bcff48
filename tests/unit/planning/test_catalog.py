"""Documents together: names, references, projects, digests, and reading on from a former one."""

import pytest

from courier.diagnostics import Severity
from courier.planning.catalog.catalog import unread
from courier.planning.catalog.crosscheck import crosscheck
from courier.planning.documents.facts import FileFacts
from courier.planning.documents.references import Ref, reference_paths, references
from tests.unit.planning.catalogs import codes, document, reading

PROJECT = document("Project", "shop")
WORKFLOW = document(
    "Workflow",
    "fix",
    """
    type: designerChecker
    steps:
      - name: design
        type: designer
        agent: claude
        context: [style]
      - name: check
        persona: strict
    """,
)
PERSONA = document("Persona", "strict", "type: checker\ninstructions: Be strict.")
RUN = document(
    "Run",
    "fix-auth",
    """
    workflow: fix
    prompt: Fix it.
    overrides:
      design:
        model: opus
    """,
)
FILES: dict[str, str | bytes] = {
    "project.yaml": PROJECT,
    "workflows/fix.yaml": f"{WORKFLOW}---\n{PERSONA}",
    "runs/fix-auth.yaml": RUN,
    "contexts/style.md": "Write short sentences.\n",
    "README.md": "no document",
}


def test_a_good_catalog() -> None:
    read = reading(FILES)
    assert read.diagnostics == ()
    catalog = read.catalog
    assert set(catalog.documents) == {
        Ref("Project", "shop"),
        Ref("Workflow", "fix"),
        Ref("Persona", "strict"),
        Ref("Run", "fix-auth"),
        Ref("Context", "style"),
    }
    assert list(catalog.of_kind("Run")) == [Ref("Run", "fix-auth")]
    assert catalog.project_of(Ref("Run", "fix-auth")) == Ref("Project", "shop")
    assert catalog.resource(Ref("Context", "style")).metadata.name == "style"
    assert str(catalog.documents[Ref("Persona", "strict")].position(("spec", "type"))) == (
        ".courier/workflows/fix.yaml:20:9"
    )
    with pytest.raises(KeyError):
        catalog.resource(Ref("Run", "other"))


def test_the_digest_follows_contents_and_paths() -> None:
    first = reading(FILES).catalog.digest
    assert reading(FILES | {"README.md": "other"}).catalog.digest == first
    assert reading(FILES | {"project.yaml": PROJECT + "# x\n"}).catalog.digest != first
    moved = {**FILES, "p.yaml": FILES["project.yaml"]}
    del moved["project.yaml"]
    assert reading(moved).catalog.digest != first


def test_only_what_changed_is_read_again() -> None:
    former = reading(FILES)
    files = FILES | {"runs/fix-auth.yaml": RUN.replace("workflow: fix", "workflow: fxi")}
    again = reading(files, former=former)
    assert codes(again) == ["UnknownReference:6:13"]
    for path, each in again.files.items():
        assert (each is former.files[path]) == (path != ".courier/runs/fix-auth.yaml")
    blobs = {path: each.blob for path, each in former.files.items()}
    assert unread(blobs, former) == ()
    assert unread(blobs | {".courier/new.yaml": "1", ".courier/x.txt": "2"}, former) == (
        ".courier/new.yaml",
    )
    gone = {path: text for path, text in FILES.items() if path != "contexts/style.md"}
    assert codes(reading(gone, former=former)) == ["UnknownReference:11:17"]


def test_a_document_names_its_project_where_there_are_several() -> None:
    other = document("Project", "blog")
    named = document("Run", "a", "workflow: fix\nprompt: x", metadata="project: blog")
    read = reading(FILES | {"blog.yaml": other, "runs/a.yaml": named})
    assert codes(read) == ["ProjectMissing:4:3"]
    assert read.catalog.project_of(Ref("Run", "a")) == Ref("Project", "blog")
    assert read.catalog.project_of(Ref("Run", "fix-auth")) is None


def test_the_first_of_two_with_one_name_counts() -> None:
    files = FILES | {"a.yaml": document("Context", "style", "content: other")}
    read = reading(files)
    assert [found.code for found in read.diagnostics] == ["DuplicateName"]
    assert read.catalog.documents[Ref("Context", "style")].path == ".courier/a.yaml"


def test_who_names_a_broken_document_is_not_blamed() -> None:
    broken = WORKFLOW.replace("persona: strict", "persona: strict\n      foo: 1")
    read = reading(FILES | {"workflows/fix.yaml": f"{broken}---\n{PERSONA}"})
    assert [found.code for found in read.diagnostics] == ["UnknownField"]


def test_a_name_that_fits_two_kinds_is_ambiguous() -> None:
    schema = {"properties": {"who": {"type": "string", "x-courier-ref": ["Agent", "Persona"]}}}
    (naming,) = references({"who": "ann"}, reference_paths(schema))
    agent = ("Agent", "ann", 0, (), (), (), None)
    persona = ("Persona", "ann", 1, (), (), (), None)
    user = ("Context", "c", 2, (tuple(naming),), (), (), None)
    facts: FileFacts = ((agent, persona, user), (), ())  # type: ignore[assignment]  # plain tuples
    (found,) = crosscheck({"a.yaml": facts})
    assert (found.code, found.pointer) == ("AmbiguousReference", ("who",))
    assert crosscheck({"a.yaml": ((agent, user), (), ())}) == []  # type: ignore[dict-item]


def test_a_pipeline_that_keeps_nothing_is_warned_about_and_still_valid() -> None:
    steps = "type: pipeline\nsteps:\n  - name: look\n    type: investigator"
    read = reading(FILES | {"workflows/look.yaml": document("Workflow", "look", steps)})
    assert [(found.severity, found.code) for found in read.diagnostics] == [
        (Severity.WARNING, "NothingKept")
    ]
    assert Ref("Workflow", "look") in read.catalog.documents


def test_a_document_whose_persona_is_broken_is_not_judged_by_its_type() -> None:
    flow = WORKFLOW.replace("type: designerChecker", "type: pipeline").replace(
        "designer\n", "planner\n"
    )
    broken = PERSONA.replace("type: checker", "type: chekcer")
    read = reading(FILES | {"workflows/fix.yaml": f"{flow}---\n{broken}"})
    assert [found.code for found in read.diagnostics] == ["NotAllowedValue"]
