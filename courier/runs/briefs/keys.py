"""Which secrets an agent may read a provider's key from, beside those its step names itself."""

from collections.abc import Collection

from courier.runs.briefs.brief import Brief


def variable_of(secret: str) -> str:
    """Return the variable that a secret's value is put into: ``?A`` and ``A=B`` go into ``A``."""
    return secret.removeprefix("?").partition("=")[0]


def given(brief: Brief) -> frozenset[str]:
    """Return the variables that a brief itself gives values to, plain or secret."""
    return frozenset({*map(variable_of, brief.secrets), *brief.env})


def each_key(brief: Brief, names: Collection[str]) -> tuple[str, ...]:
    """Return the brief's secrets and, where it does not give them itself, these too if known."""
    known = given(brief)
    return (*brief.secrets, *(f"?{name}" for name in names if name not in known))


def any_key(brief: Brief, names: Collection[str]) -> tuple[str, ...]:
    """Return the brief's secrets and, where it gives none of these itself, all of these if known.

    For keys of one provider that stand for each other: who names one means no other.
    """
    return brief.secrets if given(brief) & set(names) else each_key(brief, names)
