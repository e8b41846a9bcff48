"""E2B's JavaScript SDK, unmodified, against the embedded server.

`make tools` installs the SDK from the package files of this folder. With `E2B_API_KEY` set,
`-m live` asks the same of E2B's cloud.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fakes.embedded import Endpoint

SDK = Path(__file__).parents[3] / ".tools" / "sandboxd_js"
SCRIPT = Path(__file__).with_name("conformance.mjs")
NODE = shutil.which("node")
CLOUD_KEY = os.environ.get("E2B_API_KEY", "")

installed = pytest.mark.skipif(
    NODE is None or not (SDK / "node_modules" / "e2b").exists(),
    reason="the JavaScript SDK is not installed: `make tools`",
)


def run_script(tmp_path: Path, **variables: str) -> None:
    assert NODE is not None
    done = subprocess.run(
        [NODE, "--test", str(SCRIPT)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "NO_PROXY": "localhost,127.0.0.1",
            "E2B_SDK_DIRECTORY": str(SDK),
            **variables,
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr


@installed
@pytest.mark.e2e
@pytest.mark.slow
def test_the_javascript_sdk_works_unmodified(sandboxd: Endpoint, tmp_path: Path) -> None:
    run_script(tmp_path, SANDBOXD_URL=sandboxd.url, SANDBOXD_KEY=sandboxd.api_key)


@installed
@pytest.mark.live
@pytest.mark.slow
def test_the_same_holds_on_the_cloud(tmp_path: Path) -> None:
    if not CLOUD_KEY:
        pytest.skip("needs E2B_API_KEY")
    run_script(tmp_path, E2B_API_KEY=CLOUD_KEY)
