"""Skills and slash commands by hand, as freezing gives them."""

from base64 import b64encode

from courier.runs.briefs.assets import FrozenCommand, FrozenFile, FrozenSkill


def skill_file(path: str, content: str, *, executable: bool = False) -> FrozenFile:
    return FrozenFile(path=path, content=b64encode(content.encode()), executable=executable)


def skill(name: str, *files: FrozenFile) -> FrozenSkill:
    return FrozenSkill(name=name, files=files)


GREET = skill(
    "greet",
    skill_file("SKILL.md", "---\nname: greet\ndescription: How.\n---\n\nSay ahoy.\n"),
    skill_file("bin/ahoy", "#!/bin/sh\necho ahoy\n", executable=True),
)

SHOUT = FrozenCommand(name="shout", description='Says "it"', prompt="Shout $ARGUMENTS!")

PROGRAM = FrozenCommand(name="lint", run="make lint")
