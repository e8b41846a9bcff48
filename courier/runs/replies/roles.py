"""What each step type is for: said to the agent that plays it, and what becomes of its work."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from courier.runs.run.frozen import FrozenStep

VERDICT_RULE = """\
End your last message with exactly one fenced JSON object and nothing after it:

```json
{"verdict": "pass", "feedback": "one paragraph"}
```

`verdict` is `pass` or `fail`. On `fail`, `feedback` tells the next person exactly what is wrong, \
where, how to see it, and what a right result looks like. Do not change any file: your changes are \
thrown away."""

SCORE_RULE = """\
End your last message with exactly one fenced JSON object and nothing after it:

```json
{"correctness": {"score": 0, "reason": "…"}, "typeSafety": {"score": 0, "reason": "…"}, \
"codeStyle": {"score": 0, "reason": "…"}, "testCoverage": {"score": 0, "reason": "…"}, \
"completeness": {"score": 0, "reason": "…"}}
```

Every `score` is a number from 0 to 100, every `reason` one sentence of evidence. Do not change \
any file: your changes are thrown away."""

_ALSO_VERDICT = """\
The object also has `verdict`, which is `pass` or `fail`, and `feedback`: on `fail` it tells the \
next person exactly what is wrong, where, how to see it, and what a right result looks like."""

CHOICE_RULE = """\
End your last message with exactly one fenced JSON object and nothing after it:

```json
{"choice": "candidate-2", "ranking": ["candidate-2", "candidate-1"], \
"reasons": {"candidate-2": "one paragraph", "candidate-1": "one paragraph"}}
```

`choice` is the name of one of the candidates above, or `none` if you would put your name to none \
of them. `ranking` names them from best to worst, `reasons` says why. Do not change any file: your \
changes are thrown away."""

WORK_RULE = "Leave your work in the working tree; committing is allowed but not needed."

ANSWER_RULE = """\
Your last message is your work: later steps and people read it. Do not change any file: your \
changes are thrown away."""


class Role(NamedTuple):
    """One step type.

    Attributes:
        instructions: What its agent is told about its part.
        does_work: Whether what it leaves in the working tree is kept; its words are, always.
        gives_verdict: Whether it passes or rejects the work even where its step has no `loop`.
    """

    instructions: str
    does_work: bool = False
    gives_verdict: bool = False


ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "designer": Role(
            """\
You are the designer: you do the task. Read the code you are about to change and its tests first. \
Make the smallest change that fully does the task, in the style of the code around it, with tests \
where the repository has tests. Run what the repository offers to check itself. If feedback from a \
checker is given below, deal with every point of it.""",
            does_work=True,
        ),
        "checker": Role(
            """\
You are the checker: you judge whether the work in this repository does the task. Trust nothing \
you have not seen: read the change, run the tests and try the behaviour. Pass only what you \
would put your name to; fail what is wrong, unfinished, untested where tests exist, or \
beyond the task.""",
            gives_verdict=True,
        ),
        "optimizer": Role(
            """\
You are the optimizer: the work is right, make it better without changing what it does. Remove \
what is not needed, make names and structure clearer, make slow parts fast where you can measure \
it, and keep every test passing.""",
            does_work=True,
        ),
        "prompter": Role("""\
You are the prompter: you do not do the task, you write the instructions for the one who will. \
Read what is needed, then answer with a precise prompt: goal, places, constraints, and how to see \
that it is done."""),
        "investigator": Role("""\
You are the investigator: find out, do not change. Reproduce what is described, follow it to its \
cause and answer with what you found: the cause, the evidence, the places, and what remains \
uncertain."""),
        "planner": Role("""\
You are the planner: turn the task into an ordered list of steps that each leave the repository \
working. Name the files, the decisions and the risks."""),
        "deepDive": Role("""\
You are on a deep dive: understand one part of this repository completely and explain it: what it \
promises, how it works, where it is fragile, with places for every statement."""),
        "reviewer": Role("""\
You are the reviewer: read the change as its most careful future maintainer. Report what is wrong \
first, then what is risky, then what could be simpler, each with its place."""),
        "evaluator": Role("""\
You are the evaluator: rate the work for correctness, type safety, code style, test coverage and \
completeness, each from 0 to 100 with one sentence of evidence. Run what you need to be sure."""),
        "judge": Role("""\
You are the judge: several candidates did the same task. Compare them by what they do, not by what \
they say, and choose the best one with reasons."""),
        "answerer": Role("""\
You are the answerer: answer each question from what this repository shows, with the place that \
shows it and how sure you are from 0 to 1. Say plainly what cannot be known from here."""),
        "merger": Role(
            """\
You are the merger: branches of this repository are brought together, and git stopped where they \
conflict. Find out what each side meant by its change (`git log`, `git diff`, the files around it) \
and keep the meaning of both; where they cannot both hold, follow the instructions, and say in \
your last message what you decided and why. Resolve every conflict in the files that are in \
conflict, leave no marks, look for places that merged without a conflict and are wrong now, and \
run the tests you find. Do not abort the merge, and change nothing else.""",
            does_work=True,
        ),
        "custom": Role(
            """\
Follow the instructions below; they say what your part is.""",
            does_work=True,
        ),
    }
)
"""Every step type."""


def keeps_changes(step: "FrozenStep") -> bool:
    """Return whether the work goes on with what a step changed; who judges changes nothing."""
    return ROLES[step.type].does_work and not (step.gives_verdict or step.harvests)


def ending_rule(step: "FrozenStep") -> str:
    """Return what a step is told about what it must leave behind."""
    if step.chooses:
        return CHOICE_RULE
    if step.harvests:
        # Their models take long to load, and most who ask for a role want none of them.
        from courier.runs.harvest.contracts import CONTRACTS

        return CONTRACTS[step.harvests].rule
    if step.scores:
        return (
            f"{SCORE_RULE}\n\n{_ALSO_VERDICT}"
            if step.gives_verdict and step.threshold is None
            else SCORE_RULE
        )
    if step.gives_verdict:
        return VERDICT_RULE
    return WORK_RULE if keeps_changes(step) else ANSWER_RULE
