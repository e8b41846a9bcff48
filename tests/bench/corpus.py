"""A corpus of documents as a busy project would have them, always the same for a size.

The goals were set on documents of 46 lines and 1.3 KB in the mean, with prompts in blocks and
references between them; so are these.
No document uses a field that nothing acts on yet: such a repository would be told on every line.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

WORDS = (  # noqa: SIM905 - a list of sixty lines says no more
    "the parser request handler test module cache branch session token retries config user "
    "checkout order payment report queue export index page layout button schema field value error "
    "message timeout limit stream buffer file folder path login redirect invoice customer cart"
).split()
ASKS = (
    "Read the code around it before you change anything.",
    "Keep the change small & focused: one concern per commit.",
    "Run `pytest -q` before you finish; do not touch `setup.cfg`.",
    "* Explain *why* in the commit message, it's important!",
    "If a test is missing, write it first. Then make it pass.",
    "Never log a token, a password or an e-mail address.",
    "**Do not** widen a type to make the checker quiet.",
    'Use the words of the glossary: "order", not "purchase".',
)


def write_corpus(folder: Path, count: int) -> list[Path]:
    """Write `count` documents below ``folder/.courier`` and return their paths."""
    random = Random(count)
    paths = []
    for number in range(count):
        kind, make = KINDS[number % len(KINDS)] if number else ("Project", project)
        name = f"{kind.lower()}-{number:05}" if number else "shop"
        path = folder / ".courier" / f"{kind.lower()}s" / f"{number // 200:03}" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head(kind, name, random) + make(number, random))
        paths.append(path)
    return paths


def head(kind: str, name: str, random: Random) -> str:
    team = random.choice(WORDS)
    return (
        f"# yaml-language-server: $schema=../../../schemas/{kind.lower()}.json\n"
        f"apiVersion: courier/v1\nkind: {kind}\nmetadata:\n  name: {name}\n"
        f'  labels:\n    team: {team}\n    tier: "{random.randrange(3)}"\nspec:\n'
    )


def prose(random: Random, lines: int, indent: str) -> str:
    said = []
    for line in range(lines):
        if line % 4 == 3:
            said.append(indent + random.choice(ASKS))
        elif line % 7 == 6:
            said.append("")
        else:
            said.append(indent + " ".join(random.choices(WORDS, k=random.randrange(3, 8))))
    return "\n".join(said).rstrip() + "\n"


def project(_number: int, random: Random) -> str:
    return (
        "  title: The shop\n  agent: claude\n  repository:\n    defaultBranch: main\n"
        "    forge: local\n  concurrency:\n    runs: 4\n    sandboxes: 8\n"
        f"  instructions: |\n{prose(random, 8, '    ')}"
    )


def workflow(number: int, random: Random) -> str:
    persona = before("Persona", number)
    context = before("Context", number)
    checker = f"persona: {persona}" if persona else "type: checker"
    knows = f"      context: [{context}]\n" if context else ""
    return (
        "  type: designerChecker\n  steps:\n    - name: design\n      type: designer\n"
        f"      agent: claude\n      model: sonnet   # the default\n      timeout: 45m\n{knows}"
        f"      instructions: |\n{prose(random, 18, '        ')}"
        f"    - name: check\n      {checker}\n      instructions: >-\n"
        f"{prose(random, 6, '        ')}"
        "  loops:\n    maxIterations: 3\n    onExhausted: deliverDraft\n"
        '  delivery:\n    labels: [courier, "needs review"]\n    protectedPaths:\n'
        '      - ".github/**"\n      - infra/\n'
        "  sandbox:\n    template: base\n    timeout: 90m\n    reuse: perRun\n    egress: listed\n"
        "    allowedHosts:\n      - packages.example.com\n      - files.example.com\n"
        "  env:\n    - name: API_TOKEN\n      secretRef: API_TOKEN\n    - name: LOG_LEVEL\n"
        "      value: debug\n"
    )


def run(number: int, random: Random) -> str:
    return (
        f"  workflow: {before('Workflow', number)}\n  prompt: |\n{prose(random, 22, '    ')}"
        "  base: main\n  budget: 2.5\n  inputs:\n    ticket: SHOP-1\n"
        "  overrides:\n    design:\n      effort: high\n      sandbox:\n        template: base\n"
        "  delivery:\n    draft: true\n    labels:\n      - courier\n      - checkout\n"
        "    maxFiles: 40\n"
    )


def persona(_number: int, random: Random) -> str:
    return (
        "  type: checker\n  agent: claude\n  effort: high\n  env:\n"
        "    - name: LOG_LEVEL\n      value: debug\n    - name: API_TOKEN\n"
        "      secretRef: API_TOKEN\n"
        f"  instructions: |\n{prose(random, 32, '    ')}"
    )


def context(_number: int, random: Random) -> str:
    return f"  description: {random.choice(WORDS)}\n  content: |\n{prose(random, 40, '    ')}"


def recurring(number: int, random: Random) -> str:
    return (
        f"  workflow: {before('Workflow', number)}\n  prompt: |\n{prose(random, 22, '    ')}"
        "  schedule:\n    frequency: daily\n    hour: 2\n    timezone: Europe/Berlin\n"
        "  catchUp: latest\n  overlap: skip\n"
    )


def issue(number: int, random: Random) -> str:
    words = " ".join(random.choices(WORDS, k=5))
    return (
        f"  title: {words}\n  priority: high\n  description: |\n{prose(random, 26, '    ')}"
        f"  suggestedPrompt: |\n{prose(random, 6, '    ')}"
        f"  execute: {before('Workflow', number)}\n  assumptions:\n"
        "    - The API stays as it is.\n    - Nobody else works on it.\n"
    )


def pipeline(_number: int, random: Random) -> str:
    steps = "".join(
        f"    - name: {word if place else 'design'}\n      type: {type_}\n      agent: claude\n"
        f"      model: sonnet\n      effort: high\n      timeout: 30m\n      sandbox:\n"
        f"        template: base\n        egress: open\n"
        for place, (type_, word) in enumerate(
            zip(("planner", "designer", "checker"), random.sample(WORDS, 3), strict=True)
        )
    )
    return (
        f"  type: pipeline\n  steps:\n{steps}    - name: tests\n      type: checker\n"
        "      run: pytest -q && ruff check .\n      loop:\n        backTo: "
        f"{steps.split('name: ')[2].split()[0]}\n        maxIterations: 3\n"
        "  delivery:\n    maxFiles: 12\n    reviewers: [ann, ben]\n  budget: 5\n"
    )


def template(_number: int, random: Random) -> str:
    setup = "".join(f"    - apt-get install -y {word}\n" for word in random.sample(WORDS, 8))
    return (
        "  description: What the build needs.\n  dockerfile: docker/agents.Dockerfile\n"
        f"  agents:\n    - claude\n    - shell\n  cpu: 4\n  memoryMB: 4096\n  setup:\n{setup}"
    )


def agent(_number: int, random: Random) -> str:
    flags = "".join(f"    - --{word}\n" for word in random.sample(WORDS, 6))
    return (
        f"  description: Ours.\n  start:\n    - our-agent\n{flags}  prompt: stdin\n"
        "  output:\n    format: jsonLines\n    text: message.text\n    session: session.id\n"
        "  env:\n    - name: OUR_TOKEN\n      secretRef: OUR_TOKEN\n  usage:\n"
        "    inputTokens: usage.input\n    outputTokens: usage.output\n"
        "    cacheReadTokens: usage.cached\n    cacheWriteTokens: usage.kept\n"
        "    costUsd: usage.cost\n"
    )


def plan(_number: int, random: Random) -> str:
    sprints = "".join(
        f"    - name: {word}\n      title: {' '.join(random.choices(WORDS, k=4))}\n"
        f"      prompt: |\n{prose(random, 9, '        ')}"
        for word in random.sample(WORDS, 4)
    )
    return f"  goal: |\n{prose(random, 4, '    ')}  sprints:\n{sprints}"


def team(_number: int, random: Random) -> str:
    return "  members:\n" + "".join(
        f"    - user: {word}\n      role: {'owner' if place == 0 else 'member'}\n"
        for place, word in enumerate(random.sample(WORDS, 8))
    )


def rates(_number: int, random: Random) -> str:
    return "  rates:\n" + "".join(
        f"    - service: anthropic\n      model: {word}\n      metric: inputTokens\n"
        "      usd: 3\n      per: 1000000\n      effectiveFrom: 2026-01-01\n"
        for word in random.sample(WORDS, 6)
    )


def before(kind: str, number: int) -> str:
    """Return the name of the last document of a kind that comes before."""
    for earlier in range(number - 1, max(0, number - 2 * len(KINDS)), -1):
        if KINDS[earlier % len(KINDS)][0] == kind:
            return f"{kind.lower()}-{earlier:05}"
    return ""


KINDS: list[tuple[str, Callable[[int, Random], str]]] = [
    ("Issue", issue),
    ("Context", context),
    ("Persona", persona),
    ("Workflow", workflow),
    ("Run", run),
    ("RecurringTask", recurring),
    ("Template", template),
    ("Workflow", pipeline),
    ("Run", run),
    ("SprintPlan", plan),
    ("Agent", agent),
    ("Team", team),
    ("CostRates", rates),
]
