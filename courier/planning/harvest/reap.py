"""From an answer to files that courier would accept: every sort goes through the validator."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from courier.diagnostics import has_errors
from courier.planning.documents.manifest import Schemas, read_manifest
from courier.planning.harvest.answers import AnswerCrop
from courier.planning.harvest.crop import FOLDER, Crop, Known, Sort, Unusable
from courier.planning.harvest.issues import IssueCrop
from courier.planning.harvest.learnings import LearningCrop
from courier.planning.harvest.sprintplan import SprintPlanCrop
from courier.runs.harvest.frozen import FrozenHarvest, Gathered

SORTS: Final[Mapping[str, Sort]] = MappingProxyType(
    {
        "issues": IssueCrop(),
        "answers": AnswerCrop(),
        "learnings": LearningCrop(),
        "sprintPlan": SprintPlanCrop(),
    }
)
"""Every sort there is, by the name its contract has."""


def reap(gathered: Gathered, harvest: FrozenHarvest, known: Known, *, schemas: Schemas) -> Crop:
    """Return what is proposed.

    Raises:
        Unusable: If no valid files can be made of the answer.
    """
    crop = SORTS[harvest.sort].crop(gathered.found, harvest, known, schemas=schemas)
    for path, content in crop.files.items():
        _check(path, content, schemas)
    return crop


def _check(path: str, content: bytes, schemas: Schemas) -> None:
    if not path.startswith(FOLDER) or ".." in path.split("/"):
        raise Unusable(f"A file of the answer would go to {path!r}.")
    manifest = read_manifest(path, content, schemas=schemas, folder=FOLDER)
    errors = [found for found in manifest.diagnostics if has_errors([found])]
    if errors:
        raise Unusable(f"{path} would not be valid: {errors[0].detail}")
    if not manifest.documents:
        raise Unusable(f"{path} would hold no document.")
