"""The package that pip installs: every file of zhlabel/, the version and the licence that the other files name."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import zhlabel

ROOT = Path(__file__).parent.parent
BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of the source, opened."""
    folder = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "zhlabel", folder / "zhlabel", ignore=shutil.ignore_patterns("__pycache__"))
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, folder)
    code = "from flit_core import buildapi\nprint(buildapi.build_wheel('.'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(folder / done.stdout.strip()) as file:
        yield file


def test_the_wheel_holds_every_file_of_the_package_and_the_licence(wheel):
    there = {path for path in (ROOT / "zhlabel").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    held = {name for name in wheel.namelist() if not name.startswith(f"zhlabel-{zhlabel.__version__}.dist-info/")}
    assert held == {path.relative_to(ROOT).as_posix() for path in there}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel.namelist())


def test_changelog_and_citation_name_the_version():
    newest = re.search(r"^## \[([\d.]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    cited = re.search(r"^version: ([\d.]+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest.group(1) == cited.group(1) == zhlabel.__version__


def test_every_file_that_moved_is_in_the_changelog_where_it_lies_now():
    moved = re.findall(
        r"^\| `([^`]+)` \| `([^`]+)` \|$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert moved
    for before, now in moved:
        assert (ROOT / now).exists() and not (ROOT / before).exists(), before
