"""Markdown files as documents."""

from typing import Any

from courier.resources.front_matter import (
    document_from_front_matter,
    front_matter_path,
    has_two_bodies,
)
from courier.resources.kinds import read_resource
from tests.unit.resources.reference_documents import validator


def accepted(document: dict[str, Any]) -> Any:
    validator("any.json").validate(document)
    return read_resource(document).spec


def test_context_takes_its_name_from_the_file_and_its_content_from_the_body() -> None:
    document = document_from_front_matter(
        "Context", {"sessions": ["issue"]}, "\n# Rules\n\nCents.\n", name="house-rules"
    )
    assert document["metadata"] == {"name": "house-rules"}
    assert accepted(document).content == "# Rules\n\nCents."


def test_a_context_without_front_matter_is_its_body() -> None:
    assert accepted(document_from_front_matter("Context", {}, "Cents.", name="cents")).content


def test_a_skill_keeps_the_agent_skills_form() -> None:
    front = {
        "name": "write-migration",
        "description": "Writes a migration.",
        "license": "MIT",
        "allowed-tools": "Bash Read",
        "metadata": {"author": "ada"},
    }
    document = document_from_front_matter("Skill", front, "1. Copy.\n", name="folder")
    spec = accepted(document)
    assert document["metadata"] == {"name": "write-migration", "annotations": {"author": "ada"}}
    assert (spec.description, spec.allowed_tools, spec.body) == (
        "Writes a migration.",
        "Bash Read",
        "1. Copy.",
    )


def test_a_persona_and_a_command_take_the_body_as_their_text() -> None:
    persona = document_from_front_matter(
        "Persona", {"type": "checker"}, "Be strict.", name="strict"
    )
    command = document_from_front_matter("Command", {}, "Review this.", name="review")
    assert accepted(persona).instructions == "Be strict."
    assert accepted(command).prompt == "Review this."


def test_a_command_that_runs_has_no_body() -> None:
    document = document_from_front_matter("Command", {"run": "make test"}, " \n", name="check")
    assert accepted(document).prompt is None


def test_an_envelope_in_the_front_matter_wins_over_the_folder() -> None:
    front = {
        "apiVersion": "courier/v1",
        "kind": "Persona",
        "metadata": {"name": "strict"},
        "spec": {"type": "checker"},
    }
    document = document_from_front_matter("Context", front, "Be strict.", name="file")
    assert document["metadata"] == {"name": "strict"}
    assert accepted(document).instructions == "Be strict."
    assert "instructions" not in front["spec"]


def test_text_said_twice_is_noticed() -> None:
    assert has_two_bodies("Context", {"content": "a"}, "b")
    assert not has_two_bodies("Context", {"content": "a"}, "\n")
    assert has_two_bodies("Context", {"kind": "Persona", "spec": {"instructions": "a"}}, "b")
    assert document_from_front_matter("Context", {"content": "a"}, "b")["spec"] == {"content": "a"}


def test_what_cannot_be_a_spec_is_left_for_the_schema_to_refuse() -> None:
    document = document_from_front_matter("Context", {"kind": "Context", "spec": 3}, "b", name="n")
    assert document["spec"] == 3


def test_places_lead_back_to_the_front_matter() -> None:
    front = {"name": "x", "allowed-tools": "Bash", "metadata": {"author": 3}, "strange": 1}
    assert front_matter_path("Skill", front, ("metadata", "name")) == ("name",)
    assert front_matter_path("Skill", front, ("metadata", "annotations", "author")) == (
        "metadata",
        "author",
    )
    assert front_matter_path("Skill", front, ("spec", "allowedTools")) == ("allowed-tools",)
    assert front_matter_path("Skill", front, ("spec", "strange")) == ("strange",)
    assert front_matter_path("Skill", front, ("spec", "body")) is None
    assert front_matter_path("Skill", front, ("spec",)) == ()
    whole = {"apiVersion": "courier/v1", "spec": {}}
    assert front_matter_path("Skill", whole, ("spec", "body")) == ("spec", "body")
