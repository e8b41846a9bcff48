"""What a pull request says of the chain its run is a part of."""

from courier.runs.run.frozen import FrozenChain, FrozenLink, FrozenPlan
from courier.runs.texts.markdown import code, line


def shared_title(plan: FrozenPlan) -> str:
    """Return the title of what a whole chain proposes together; empty for any other run."""
    chain = plan.chain
    is_shared = chain is not None and chain.single and plan.git.aside is not None
    return chain.title if chain is not None and is_shared else ""


def chain_list(plan: FrozenPlan) -> str:
    """Return the parts of a run's chain, in order, in Markdown; empty where it is in none."""
    chain = plan.chain
    if chain is None:
        return ""
    word = "issues" if chain.kind == "WorkChain" else "sprints"
    how = "all proposed here" if shared_title(plan) else "each proposed by itself"
    head = f"{code(f'{chain.kind}/{chain.name}')}: {len(chain.links)} {word}, {how}."
    rows = [f"{at + 1}. {_told(chain, at, link)}" for at, link in enumerate(chain.links)]
    return "\n".join([head, "", *rows])


def _told(chain: FrozenChain, at: int, link: FrozenLink) -> str:
    title = line(link.title, most=72)
    if at == chain.at:
        return f"**{title} ← the last that came**" if chain.single else f"**{title} ← this one**"
    if link.run is None:
        return f"{title} (to come)"
    number = f" #{link.number}" if link.number and not chain.single else ""
    return f"{title}{number} ({code(link.run)})"
