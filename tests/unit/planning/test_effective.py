from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from courier.planning.asked.effective import (
    BUILT_IN_LAYER,
    Layer,
    Value,
    Writer,
    effective,
    layer,
    shown,
)
from courier.resources.defaults import BUILT_IN


def project(**told: object) -> Layer:
    return layer(Writer("Project", "Project/demo", told))


def workflow(**told: object) -> Layer:
    return layer(Writer("Workflow", "Workflow/fix", told))


def step(**told: object) -> Layer:
    return layer(Writer("step", "Workflow/fix", told, pointer=("spec", "steps", 0)))


def values(*layers: Layer) -> dict[str, object]:
    return {path: found.value for path, found in effective([BUILT_IN_LAYER, *layers]).items()}


def test_without_documents_the_built_in_values_hold() -> None:
    found = effective([BUILT_IN_LAYER])
    assert {path: one.value for path, one in found.items()} == {
        path: built.value for path, built in BUILT_IN.items()
    }
    assert {one.origin for one in found.values()} == {"built-in"}


def test_the_highest_layer_that_writes_a_value_wins_and_is_its_origin() -> None:
    found = effective([BUILT_IN_LAYER, project(model="opus"), workflow(model="sonnet")])
    assert found["model"] == Value("sonnet", "Workflow/fix spec.model")


def test_an_origin_names_the_path_and_the_place() -> None:
    def place(pointer: Sequence[str | int]) -> str:
        return f"fix.yaml:{len(pointer)}:1"

    told = {"model": "opus", "timeout": "5m"}
    writer = Writer("step", "Workflow/fix", told, pointer=("spec", "steps", 0), place=place)
    found = effective([BUILT_IN_LAYER, layer(writer)])
    assert found["model"].origin == "Workflow/fix spec.steps[0].model (fix.yaml:4:1)"
    assert found["sandbox.timeout"].value == "5m"


def test_nested_values_are_merged_one_by_one() -> None:
    found = values(
        project(sandbox={"template": "big", "reuse": "perRun"}, budgets={"perRun": 5}),
        workflow(sandbox={"template": "small"}, delivery={"draft": True}),
    )
    assert (found["sandbox.template"], found["sandbox.reuse"]) == ("small", "perRun")
    assert (found["delivery.draft"], found["budget"]) == (True, 5)


def test_a_model_of_another_agent_is_not_inherited() -> None:
    found = values(project(model="opus", effort="high"), step(agent="codex"))
    assert found["agent"] == "codex"
    assert "model" not in found
    assert "effort" not in found


def test_a_model_written_with_the_agent_stays_with_it() -> None:
    assert values(project(model="opus"), workflow(agent="codex", model="gpt"))["model"] == "gpt"


def test_a_model_comes_back_with_its_agent() -> None:
    found = values(
        project(model="opus"), workflow(agent="codex", model="gpt"), step(agent="claude")
    )
    assert found["model"] == "opus"


def test_commands_choose_the_shell_which_has_neither_model_nor_effort() -> None:
    found = effective([BUILT_IN_LAYER, project(model="opus"), step(run="make test")])
    assert found["agent"] == Value("shell", "Workflow/fix spec.steps[0].run")
    assert "model" not in found


def test_the_shell_has_no_model_even_if_written_beside_it() -> None:
    assert "model" not in values(project(agent="shell", model="opus"))


def test_a_writer_writes_only_what_is_its_to_write() -> None:
    assert layer(Writer("Persona", "Persona/p", {"sandbox": {"template": "big"}})).values == {}


def test_pointers_read_like_yaml() -> None:
    assert shown(("spec", "steps", 2, "env", 0, "name")) == "spec.steps[2].env[0].name"


told = st.dictionaries(
    st.sampled_from(["agent", "model", "effort"]), st.sampled_from(["claude", "codex", "shell"])
)


@given(st.lists(told, max_size=6))
def test_every_value_was_written_by_the_layer_it_names(written: list[dict[str, str]]) -> None:
    layers = [layer(Writer("Project", str(number), one)) for number, one in enumerate(written)]
    for path, found in effective(layers).items():
        assert written[int(found.origin.split(" ")[0])][path] == found.value


@given(st.lists(told, max_size=6))
def test_layers_that_write_nothing_change_nothing(written: list[dict[str, str]]) -> None:
    layers = [layer(Writer("Project", str(number), one)) for number, one in enumerate(written)]
    padded = [one for each in layers for one in (Layer(), each)]
    assert effective(padded) == effective(layers)
