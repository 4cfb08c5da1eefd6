"""A wrong environment ends in one sentence with the command that puts it right, before anything heavy is imported."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from zhlabel.environment import _PACKAGES, check_environment
from zhlabel.errors import InputError

ROOT = Path(__file__).parent.parent
SCRIPTS = ("model_train.py", "model_evaluate.py", "model_predict.py", "data_split.py")


def run_without(module, script):
    """Run a script where one package can't be imported; gives the finished process."""
    code = f"import runpy, sys\nsys.modules[{module!r}] = None\nrunpy.run_path({script!r}, run_name='__main__')"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.mark.parametrize(
    ("module", "script"),
    [("tensorflow", SCRIPTS[0]), ("tf_keras", SCRIPTS[1]), ("bert4keras", SCRIPTS[2]), ("distutils", SCRIPTS[0])]
    + [("numpy", script) for script in SCRIPTS]
    + [
        (module, SCRIPTS[0])
        for module in ("tqdm", "filelock", "safetensors", "tokenizers", "sklearn", "pyarrow", "openvino", "jinja2")
    ],
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(module, script):
    done = run_without(module, script)
    package = {"tf_keras": "tf-keras", "distutils": "setuptools", "sklearn": "scikit-learn"}.get(module, module)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("Not installed for") and package in done.stderr
    assert "make setup" in done.stderr and "pip install --no-deps -r requirements.txt" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_every_package_that_we_ask_for_is_checked():
    asked = re.findall(r"^([\w-]+)", (ROOT / "requirements.in").read_text(encoding="utf-8"), re.MULTILINE)
    checked = {package.split(" ")[0] for package in _PACKAGES.values()}
    assert set(asked) - {"pandas"} == checked  # that one is for users


@pytest.mark.parametrize("version", [(3, 9), (3, 14), (2, 7)])
def test_a_python_outside_the_range_is_named(version):
    with pytest.raises(InputError, match=f"Python {version[0]}.{version[1]} .* 3.10 to 3.13.*PYTHON="):
        check_environment(python_version=version)


def test_the_right_versions_pass():
    for minor in (10, 11, 12, 13):
        check_environment(python_version=(3, minor))
