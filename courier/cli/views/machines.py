"""The machines of a plan as lines for people."""

from collections.abc import Iterator

from courier.runs.run.frozen import FrozenPlan, FrozenSandbox


def machine_lines(plan: FrozenPlan) -> Iterator[tuple[str, str]]:
    """Yield a label and a line for every machine that is not simply the base, each once."""
    machines = [plan.sandbox, *(step.sandbox for step in plan.steps if step.sandbox)]
    for line in dict.fromkeys(filter(None, map(machine_line, machines))):
        yield "machine", line


def machine_line(machine: FrozenSandbox) -> str:
    """Return what is known of a machine, e.g. ``tools (built once: 2 commands), 2 CPUs``."""
    parts = [_template(machine)] if machine.template != "base" else []
    if machine.cpu is not None:
        parts.append(f"{machine.cpu} CPU{'' if machine.cpu == 1 else 's'}")
    if machine.memory_mb is not None:
        parts.append(f"{machine.memory_mb} MB")
    return ", ".join(parts)


def _template(machine: FrozenSandbox) -> str:
    prepared = machine.prepared
    if prepared is None:
        return machine.template
    if not prepared.is_built:
        return f"{machine.template} ({prepared.start})"
    count = len(prepared.commands)
    parts = [prepared.dockerfile] if prepared.dockerfile else []
    parts += [f"{count} command{'' if count == 1 else 's'}"] if count else []
    return f"{machine.template} (built once unless it is there: {', '.join(parts)})"
