"""Pictures of a run: which are wanted, what is wrong with them, and which exactly they are."""

from collections.abc import Iterator
from typing import Final

from courier.planning.asked.asked import Asked
from courier.planning.catalog.catalog import Catalog
from courier.planning.observed.observed import Observed, ObservedImage
from courier.runs.run.frozen import FrozenImage, ImageType

MOST: Final = 16
"""Pictures of one run."""

LARGEST: Final = 5_000_000
"""Bytes of one picture."""

LARGEST_TOGETHER: Final = 20_000_000
"""Bytes of all pictures of one run."""

_LFS: Final = b"version https://git-lfs"


def images_wanted(catalog: Catalog) -> frozenset[str]:
    """Return the path of every picture that any Run names."""
    specs = (catalog.documents[ref].value["spec"] for ref in catalog.of_kind("Run"))
    return frozenset(path for spec in specs for path in spec.get("images") or ())


def image_type(head: bytes) -> ImageType | None:
    """Return what sort of picture begins with these bytes; None for anything else."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    return "webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def faulty_images(asked: Asked, observed: Observed) -> Iterator[str]:
    """Yield a sentence for everything that keeps a run's pictures from being shown."""
    paths = tuple(dict.fromkeys(asked.run.spec.images))
    if len(paths) > MOST:
        yield f"It names {len(paths)} pictures (`images`); {MOST} are allowed."
    for path in paths:
        yield from _faults(path, observed)
    total = sum(found.size for path in paths if (found := observed.images.get(path)) is not None)
    if total > LARGEST_TOGETHER:
        yield f"Its pictures have {total:,} bytes together; {LARGEST_TOGETHER:,} are allowed."


def freeze_images(asked: Asked, observed: Observed) -> tuple[FrozenImage, ...]:
    """Return the pictures of a run that has no faulty one, each once, in order."""
    found = []
    for path in dict.fromkeys(asked.run.spec.images):
        image = observed.images[path]
        type_ = image_type(image.head)
        assert type_ is not None  # noqa: S101 - what `faulty_images` found
        found.append(FrozenImage(path=path, blob=image.blob, size=image.size, type=type_))
    return tuple(found)


def _faults(path: str, observed: Observed) -> Iterator[str]:
    image = observed.images.get(path)
    if image is None:
        yield (
            f'Picture "{path}" is no file of the repository at {observed.commit[:10]}; commit it '
            "and push it."
        )
        return
    if image.size > LARGEST:
        yield f'Picture "{path}" has {image.size:,} bytes; {LARGEST:,} are allowed.'
    elif image_type(image.head) is None:
        yield f'Picture "{path}" {_what(image)}'


def _what(image: ObservedImage) -> str:
    if image.head.startswith(_LFS):
        return "is a pointer of Git LFS, and its content is not in the repository."
    return "is none: by its first bytes it is neither PNG, JPEG, GIF nor WebP."
