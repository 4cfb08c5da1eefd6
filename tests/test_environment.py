"""A wrong environment ends in one sentence with the command that puts it right, before anything heavy is imported."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

from zhlabel.environment import PURPOSES, check_environment
from zhlabel.errors import InputError

ROOT = Path(__file__).parent.parent
SCRIPTS = ("model_train.py", "model_evaluate.py", "model_predict.py", "data_split.py", "data_check.py")


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


def name_packages(lines):
    """Give the names in requirements such as "pandas>=2.2", without what follows them."""
    return {re.match(r"[\w-]+", line).group() for line in lines if line[:1].isalpha()}


def list_packages(purpose):
    return {package.split(" ")[0] for package in PURPOSES[purpose].values()}


def test_every_package_that_we_ask_for_is_checked():
    asked = (ROOT / "requirements" / "train.in").read_text(encoding="utf-8").splitlines()
    assert name_packages(asked) == set().union(*map(list_packages, PURPOSES))


def test_pyproject_asks_for_what_each_purpose_imports():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert name_packages(project["dependencies"]) == list_packages("label")
    extras = {name: name_packages(lines) for name, lines in project["optional-dependencies"].items()}
    assert extras == {purpose: list_packages(purpose) for purpose in PURPOSES if purpose not in ("label", "train")}


def test_a_purpose_asks_for_its_own_packages_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    check_environment("label", "evaluate", "excel", "keywords", "parquet")
    with pytest.raises(InputError, match=r"tensorflow.*make setup"):
        check_environment("label", "train")


def test_a_missing_package_of_a_purpose_is_named_with_the_command_for_this_python(monkeypatch):
    for module in ("pandas", "python_calamine"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError) as caught:
        check_environment("label", "excel")
    assert str(caught.value).endswith(f": {sys.executable} -m pip install pandas python-calamine")
    with pytest.raises(InputError, match=r"pandas, python-calamine.*make setup"):
        check_environment()


@pytest.mark.parametrize("version", [(3, 9), (3, 14), (2, 7)])
def test_a_python_outside_the_range_is_named(version):
    with pytest.raises(InputError, match=f"Python {version[0]}.{version[1]} .* 3.10 to 3.13.*PYTHON="):
        check_environment(python_version=version)


def test_the_right_versions_pass():
    for minor in (10, 11, 12, 13):
        check_environment(python_version=(3, minor))


def test_openvino_is_imported_without_its_telemetry(tmp_path):
    report = tmp_path / "reported"
    for name in ("__init__", "backend"):
        code = f"import pathlib\npathlib.Path({str(report)!r}).touch()\nTelemetry = backend_ga4 = None\n"
        (tmp_path / "openvino_telemetry").mkdir(exist_ok=True)
        (tmp_path / "openvino_telemetry" / f"{name}.py").write_text(code, encoding="utf-8")
    code = "from zhlabel.environment import import_openvino\nprint(import_openvino().Core.__name__)"
    paths = f"{tmp_path}{os.pathsep}{ROOT}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
    )
    assert done.returncode == 0 and done.stdout == "Core\n", done.stderr
    assert not report.exists()
