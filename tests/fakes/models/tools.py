"""The tools of each agent CLI, as a scripted model calls them."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.models.script import Call


@dataclass(frozen=True, slots=True)
class Tools:
    """How to call one agent's tools.

    Attributes:
        run: A call of a command, with a word for people on what it is for.
        write: A call that writes a new file of one path and content.
        skill: A call that loads a skill, known by its name and by the path of its SKILL.md.
        replace: A call that puts the third text in the place of the second in a file.
    """

    run: Callable[[str, str], Call]
    write: Callable[[str, str], Call]
    replace: Callable[[str, str, str], Call]
    skill: Callable[[str, str], Call]


CLAUDE_TOOLS = Tools(
    run=lambda command, why: Call("Bash", {"command": command, "description": why}),
    write=lambda path, text: Call("Write", {"file_path": path, "content": text}),
    replace=lambda path, old, new: Call(
        "Edit", {"file_path": path, "old_string": old, "new_string": new}
    ),
    skill=lambda name, _: Call("Skill", {"skill": name}),
)

CODEX_TOOLS = Tools(
    run=lambda command, _: Call("exec_command", {"cmd": command}),
    write=lambda path, text: _patch(f"*** Add File: {path}\n" + _marked("+", text)),
    replace=lambda path, old, new: _patch(
        f"*** Update File: {path}\n@@\n" + _marked("-", old) + _marked("+", new)
    ),
    skill=lambda _, path: Call("exec_command", {"cmd": f"cat {path}"}),
)

OPENCODE_TOOLS = Tools(
    run=lambda command, why: Call("bash", {"command": command, "description": why}),
    write=lambda path, text: Call("write", {"filePath": path, "content": text}),
    replace=lambda path, old, new: Call(
        "edit", {"filePath": path, "oldString": old, "newString": new}
    ),
    skill=lambda name, _: Call("skill", {"name": name}),
)

PI_TOOLS = Tools(
    run=lambda command, _: Call("bash", {"command": command}),
    write=lambda path, text: Call("write", {"path": path, "content": text}),
    replace=lambda path, old, new: Call(
        "edit", {"path": path, "edits": [{"oldText": old, "newText": new}]}
    ),
    skill=lambda _, path: Call("read", {"path": path}),
)


def _patch(body: str) -> Call:
    return Call("apply_patch", {"input": f"*** Begin Patch\n{body}*** End Patch\n"})


def _marked(mark: str, text: str) -> str:
    return "".join(f"{mark}{line}\n" for line in text.splitlines())
