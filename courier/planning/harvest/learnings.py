"""Learnings of a finished run: kept for one pull request with those of others, not one each."""

from collections.abc import Mapping

from pydantic import JsonValue

from courier.planning.documents.manifest import Schemas
from courier.planning.harvest.crop import Crop, Known, counted
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.harvest.learnings import FoundLessons


class LearningCrop:
    """Makes no files: what was found is proposed together with what other runs taught."""

    kinds: tuple[str, ...] = ()

    def crop(
        self,
        answer: Mapping[str, JsonValue],
        harvest: FrozenHarvest,
        known: Known,  # noqa: ARG002 - the sort's shape
        *,
        schemas: Schemas,  # noqa: ARG002 - the sort's shape
    ) -> Crop:
        """Return only what is to be said of it."""
        found = FoundLessons.model_validate(answer, strict=False)
        if not found.learnings:
            return Crop(message="There is nothing to learn from the run.")
        told = counted(len(found.learnings[: harvest.most]), "learning")
        return Crop(message=f"{told} found; what is new is proposed with others.", reason="Found")
