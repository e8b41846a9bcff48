"""How work is proposed, and what the gate lets through."""

from typing import Annotated

from pydantic import Field

from courier.resources.envelope import Spec
from courier.resources.values import WHOLE, Glob, Items, Line

MaxFiles = Annotated[int, Field(ge=1, le=100_000), WHOLE]
MaxBytes = Annotated[int, Field(ge=1, le=1_000_000_000), WHOLE]


class Delivery(Spec):
    """How work is proposed, and what the gate lets through; what is not written is inherited."""

    draft: bool | None = None
    """Whether pull requests open as drafts."""
    labels: Items[Line] | None = None
    """Labels put on pull requests."""
    reviewers: Items[Line] | None = None
    """Users asked for a review."""
    auto_merge: bool | None = None
    """Whether a pull request merges by itself once its checks are green."""
    protected_paths: Items[Glob] | None = None
    """Paths agents may change only with a person's approval."""
    max_files: MaxFiles | None = None
    """The most files one run may change."""
    max_bytes: MaxBytes | None = None
    """The most bytes one run may add."""
