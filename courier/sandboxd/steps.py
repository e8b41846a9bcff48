"""What a template is built from: the steps of a build request, checked before anything runs."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from courier.sandboxd.agent.place import USER
from courier.sandboxd.exchange import HttpError
from courier.sandboxd.templates import BASE, Source, Templates

BASE_IMAGES = ("e2bdev/base", BASE)
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,127}")
NOT_OFFERED = {
    "fromImageRegistry": "images of registries",
    "startCmd": "commands that run on in every sandbox",
    "readyCmd": "commands that run on in every sandbox",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a build.

    Attributes:
        number: Its place among the commands, from 1.
        cwd: The working directory; empty for the home directory. It is made if it is missing.
    """

    number: int
    command: str
    variables: Mapping[str, str]
    cwd: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole build, checked: what it starts from, its commands, and the variables at its end."""

    source: Source
    steps: tuple[Step, ...]
    variables: Mapping[str, str]


def read_recipe(fields: Mapping[str, Any], templates: Templates) -> Recipe:
    """Return what a build request asks for.

    Raises:
        HttpError: 400 for what cannot be done here, 404 for an unknown template to start from.
    """
    for name, meaning in NOT_OFFERED.items():
        if fields.get(name):
            raise HttpError(400, f"This server does not offer {meaning} (field '{name}').")
    source = templates.find(_start(fields))
    variables = dict(source.template.variables)
    cwd = ""
    steps: list[Step] = []
    for number, step in enumerate(fields.get("steps") or (), 1):
        kind, args = _step(step, number)
        match kind, args:
            case "RUN", [command, *user]:
                _require_user(user[0] if user else "", number)
                steps.append(Step(len(steps) + 1, command, dict(variables), cwd))
            case "ENV", _ if len(args) % 2 == 0:
                variables |= dict(zip(args[::2], args[1::2], strict=True))
            case "WORKDIR", [directory]:
                cwd = posixpath.join(cwd, directory)
            case "USER", [user]:
                _require_user(user, number)
            case _:
                said = "only RUN, ENV, WORKDIR and USER work on this server"
                raise HttpError(400, f"Step {number} is a {kind}: {said}.")
    return Recipe(source, tuple(steps), variables)


def require_name(name: object) -> str:
    """Return a template's name without its tag.

    Raises:
        HttpError: 400 if it is none, or taken by the server.
    """
    plain = name.partition(":")[0] if isinstance(name, str) else ""
    if not NAME.fullmatch(plain):
        said = "must be lower-case letters, digits, hyphens and underscores"
        raise HttpError(400, f"A template's name {said}.")
    if plain == BASE:
        raise HttpError(403, "The template 'base' is this machine and cannot be built.")
    return plain


def _start(fields: Mapping[str, Any]) -> str:
    template, image = fields.get("fromTemplate"), fields.get("fromImage")
    if template:
        return str(template)
    if image is not None and str(image).partition(":")[0] not in BASE_IMAGES:
        said = f"This server cannot start from image '{image}': sandboxes are made of this machine."
        raise HttpError(400, f"{said} Start from template 'base', or build on E2B's cloud.")
    return BASE


def _step(step: object, number: int) -> tuple[str, Sequence[str]]:
    kind = step.get("type") if isinstance(step, dict) else None
    args = step.get("args") or [] if isinstance(step, dict) else None
    if not isinstance(kind, str) or not isinstance(args, list):
        raise HttpError(400, f"Step {number} is not a step.")
    if not all(isinstance(each, str) and "\0" not in each for each in args):
        raise HttpError(400, f"Step {number}: arguments must be texts.")
    return kind, args


def _require_user(user: str, number: int) -> None:
    if user not in ("", USER):
        said = f"this server's sandboxes have one user, '{USER}', and no {user}"
        raise HttpError(400, f"Step {number} cannot run: {said}.")
