"""The changelog and its fragments."""

import re
from pathlib import Path

from courier import __version__

ROOT = Path(__file__).parents[2]
FRAGMENT = re.compile(r"[a-z0-9-]+\.(added|changed|fixed|removed)\.md")


def test_the_top_of_the_changelog_is_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == __version__


def test_the_package_has_the_version_it_says() -> None:
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_fragments_are_named_by_what_they_are_and_say_something() -> None:
    for fragment in (ROOT / ".changes").iterdir():
        assert FRAGMENT.fullmatch(fragment.name), fragment.name
        assert fragment.read_text().strip()
