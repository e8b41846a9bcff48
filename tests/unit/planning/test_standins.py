import subprocess
import sys

import pytest

from courier.planning.yaml.standins import standing_in


def test_a_stand_in_is_found_meanwhile_and_leaves_nothing() -> None:
    with standing_in("no.such.module", answer=42):
        from no.such.module import answer  # type: ignore[import-not-found] # nobody ships it
    assert answer == 42
    assert "no.such.module" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        __import__("no.such.module")


def test_a_stand_in_goes_where_loading_fails() -> None:
    with pytest.raises(ImportError), standing_in("no.such.module"):
        from no.such.module import answer  # noqa: F401
    assert "no.such.module" not in sys.modules


def test_what_is_loaded_already_stays() -> None:
    with standing_in("subprocess", run=None):
        import subprocess as found
    assert found is subprocess
    assert found.run is not None


SCRIPT = """
import sys
from courier.planning.documents.manifest import Schemas, read_manifest
from courier.shipped import schema_text
assert not {"pathlib", "email.utils"} & sys.modules.keys()
text = b"apiVersion: courier/v1\\nkind: Project\\nmetadata: {name: p}\\nspec:\\n  agent: claude\\n"
assert len(read_manifest("p.yaml", text, schemas=Schemas(schema_text)).documents) == 1
from email.utils import parsedate_to_datetime
from pathlib import Path
assert Path("a", "b").name == "b"
assert parsedate_to_datetime("Sun, 22 Nov 2026 10:00:00 +0000").year == 2026
"""


def test_whoever_needs_the_modules_afterwards_gets_them() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
