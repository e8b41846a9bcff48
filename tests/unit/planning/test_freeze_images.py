"""Pictures of a run: only real ones, not too many, and exactly those of the observed commit."""

from dataclasses import replace

import pytest

from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import freeze
from courier.planning.freezing.images import LARGEST, MOST, image_type, images_wanted
from courier.planning.observed.observed import ObservedImage
from courier.planning.plan import Held
from courier.runs.run.frozen import FrozenImage, FrozenPlan
from tests.unit.planning.world import DRIVERS, catalog, observed, project, run, workflow

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
HEADS = {
    "png": PNG,
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "gif": b"GIF89a\1\0\1\0",
    "webp": b"RIFF\x24\0\0\0WEBPVP8 ",
}


def frozen(*images: str, **there: ObservedImage) -> FrozenPlan | Held:
    seen = replace(observed(), images={f"{name}.png": each for name, each in there.items()})
    documents = catalog(project(), workflow(), run(images=list(images)))
    return freeze(documents, Ref("Run", "fix-auth"), observed=seen, drivers=DRIVERS)


def picture(head: bytes = PNG, size: int = 1_000) -> ObservedImage:
    return ObservedImage("b" * 40, size, head)


def test_they_are_frozen_by_content_each_once() -> None:
    found = frozen("a.png", "b.png", "a.png", a=picture(), b=picture(HEADS["webp"], 7))
    assert isinstance(found, FrozenPlan)
    assert found.images == (
        FrozenImage(path="a.png", blob="b" * 40, size=1_000, type="png"),
        FrozenImage(path="b.png", blob="b" * 40, size=7, type="webp"),
    )


@pytest.mark.parametrize(
    ("there", "word"),
    [
        ({}, 'Picture "a.png" is no file of the repository at 1a2b3c4d5e; commit it'),
        ({"a": picture(b"<svg>")}, "neither PNG, JPEG, GIF nor WebP"),
        ({"a": picture(b"")}, "neither PNG"),
        ({"a": picture(b"RIFF\x24\0\0\0WAVE")}, "neither PNG"),
        ({"a": picture(b"version https://git-lfs.github.com/spec/v1")}, "pointer of Git LFS"),
        ({"a": picture(b"", LARGEST + 1)}, "has 5,000,001 bytes; 5,000,000 are allowed"),
    ],
)
def test_what_cannot_be_shown_blocks_the_run_and_says_why(
    there: dict[str, ObservedImage], word: str
) -> None:
    found = frozen("a.png", **there)
    assert isinstance(found, Held)
    assert found.reason == "Blocked"
    assert word in found.message


def test_too_many_and_too_much_are_refused() -> None:
    many = {f"p{n}": picture() for n in range(MOST + 1)}
    found = frozen(*(f"{name}.png" for name in many), **many)
    assert isinstance(found, Held)
    assert "17 pictures (`images`); 16 are allowed" in found.message
    heavy = {f"p{n}": picture(size=LARGEST) for n in range(5)}
    found = frozen(*(f"{name}.png" for name in heavy), **heavy)
    assert isinstance(found, Held)
    assert "25,000,000 bytes together" in found.message


@pytest.mark.parametrize(("type_", "head"), HEADS.items())
def test_types_are_known_by_first_bytes(type_: str, head: bytes) -> None:
    assert image_type(head) == type_
    assert image_type(head[:2]) is None


def test_every_runs_pictures_are_wanted() -> None:
    found = catalog(project(), workflow(), run("a", images=["x.png"]), run("b"))
    assert images_wanted(found) == {"x.png"}
