"""Builders of learnings, and strategies that draw them."""

from datetime import date

from hypothesis import strategies as st

from courier.runs.learnings.lesson import Evidence, Lesson

TODAY = date(2026, 11, 22)
ROLES = ("designer", "checker", "planner")


def lesson(name: str = "freeze-time", **changes: object) -> Lesson:
    told = Lesson(
        name=name,
        description="Tests that read the clock fail at midnight.",
        trigger="When a test depends on time",
        correct_behavior="Pass the clock in and freeze it.",
        severity="important",
        category="gotcha",
        evidence=(Evidence(run="fix-auth", commit="a" * 40),),
        path=f".courier/learnings/{name}.yaml",
    )
    return told.model_copy(update=changes)


texts = st.builds(
    str.__mul__,
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    st.sampled_from([1, 1, 2, 300]),
)

lessons = st.lists(
    st.builds(
        lesson,
        st.from_regex(r"[a-z][a-z0-9]{0,20}", fullmatch=True),
        description=texts,
        trigger=texts,
        correct_behavior=texts,
        severity=st.sampled_from(["critical", "important", "minor"]),
        roles=st.lists(st.sampled_from(ROLES), max_size=2, unique=True).map(tuple),
        expires=st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 31)),
    ),
    max_size=12,
    unique_by=lambda one: one.name,
)
