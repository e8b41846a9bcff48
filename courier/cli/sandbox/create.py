"""`courier sandbox create`."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.sandbox.desk import plain
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.wiring import Wiring

_EXAMPLE = """\
courier sandbox create desk --agent claude
courier sandbox create look --prompt "Explain how orders work" --timeout 2h
courier sandbox create try-it --agent shell --branch feature/login --write"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; what is None is inherited."""

    name: str
    project: str | None
    spec: dict[str, str | None]

    @property
    def document(self) -> dict[str, object]:
        """Return it as a Sandbox document."""
        project = {"project": self.project} if self.project else {}
        return {
            "apiVersion": "courier/v1",
            "kind": "Sandbox",
            "metadata": {"name": self.name, **project},
            "spec": {key: value for key, value in self.spec.items() if value is not None},
        }


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("name")
@click.option("-a", "--agent", help="The agent in it; without it, the project's.")
@click.option("-m", "--model", help="The model, by the agent's own name for it.")
@click.option("--effort", help="How hard the model should think.")
@click.option("-p", "--prompt", help="The first message; - reads it from stdin.")
@click.option("-b", "--branch", help="The branch to check out; without it, the default one.")
@click.option("--template", help="The Template to start from.")
@click.option("--timeout", metavar="TIME", help="How long it lives untouched, 1m to 4h.")
@click.option("--project", help="The project it belongs to, where there are several.")
@click.option("--write", is_flag=True, help="Only write the document; commit and push it yourself.")
@click.pass_obj
def create(
    here: Here, /, name: str, *, write: bool, project: str | None, **spec: str | None
) -> int:
    """Make one and start its agent.

    Writes `.courier/sandboxes/NAME.yaml`, commits and pushes that one file, and has it carried out:
    by the daemon, or right here. Returns once it is open and, with a prompt, answered. A name is
    used once.
    """
    if spec.get("prompt") == "-":
        spec["prompt"] = sys.stdin.read()
    wish = Wish(plain(name), project, spec)
    path = f".courier/sandboxes/{wish.name}.yaml"
    if write:
        here.run(_write(here, path, wish))
        here.console.show(f"wrote {path}")
        here.console.tell(f"Next: git add {path}, commit, push, then `courier apply`.")
        return 0
    return here.run(_make(here, path, wish))


async def _write(here: Here, path: str, wish: Wish) -> None:
    from courier.cli.writing import write_document

    again = "Choose another name: a sandbox is made once."
    await write_document(here, path, wish.document, taken=again)


async def _make(here: Here, path: str, wish: Wish) -> int:
    from courier.cli.sandbox.desk import keeping
    from courier.cli.writing import check_publishable, publish

    branch = await check_publishable(here)
    await _write(here, path, wish)
    await publish(here, path, branch=branch, message=f"Ask for sandbox {wish.name}")
    async with keeping(here) as kept:
        result = await kept.errand.carry_out()
        plan = result.plan
        held = [one for one in plan.held if one.name == wish.name] if plan else []
        if held:
            here.console.tell(f"{held[0].reason}: {held[0].message}")
            return 1
        return await _opened(here, kept.wiring, wish)


async def _opened(here: Here, wiring: "Wiring", wish: Wish) -> int:
    from courier.cli.sandbox.desk import until
    from courier.cli.sandbox.following import follow
    from courier.engine.interactive.guestbook import keeper_of
    from courier.runs.interactive.frozen import PROMPT

    client = wiring.client()
    while (keeper := await keeper_of(client, wish.name)) is None:
        await wiring.clock.sleep(0.1)
    if wish.spec.get("prompt"):
        answers = await follow(
            wiring, here.console, keeper.run_id, done=lambda answered: PROMPT in answered
        )
        ok = bool(answers) and answers[-1].message.status == "completed"
    else:
        told = await until(wiring, wish.name, lambda told: told["state"] != "creating")
        ok = told["state"] == "running"
        here.console.show(f"sandbox/{wish.name} is {told['state']}.")
        if told["message"]:
            here.console.tell(str(told["message"]))
    if ok:
        here.console.tell(
            f"Next: courier sandbox attach {wish.name}, or courier sandbox send {wish.name} ..."
        )
    return 0 if ok else 1
