"""Says in one sentence what is wrong with the Python that runs us; needs the standard library alone to do so."""

import importlib
import importlib.metadata
import importlib.util
import shlex
import sys

from zhlabel.errors import InputError

OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 13)
REMEDY = (
    "In the folder of zhlabel's source run: make setup "
    "(or: python -m venv .venv && .venv/bin/pip install --no-deps -r requirements.txt)."
)
# What each purpose imports: the module, and the package that has it. pyproject.toml asks for the same packages: "label"
# are its dependencies, the others its extras, all together requirements/train.in; "train" is the lock's alone.
PURPOSES = {
    "label": {
        "numpy": "numpy",
        "openvino": "openvino",
        "tokenizers": "tokenizers",
        "safetensors": "safetensors",
        "filelock": "filelock",
        "tqdm": "tqdm",
    },
    "evaluate": {
        "sklearn": "scikit-learn",
        "scipy": "scipy",
        "cleanlab": "cleanlab",
        "matplotlib": "matplotlib",
        "jinja2": "jinja2",
    },
    "excel": {"pandas": "pandas", "python_calamine": "python-calamine"},
    "keywords": {
        "jieba": "jieba",
        "snowballstemmer": "snowballstemmer",
        "scipy": "scipy",
        "sklearn": "scikit-learn",
        "lightgbm": "lightgbm",
    },
    "parquet": {"pyarrow": "pyarrow"},
    "train": {
        "tensorflow": "tensorflow",
        "tf_keras": "tf-keras",
        "bert4keras": "bert4keras",
        "distutils": "setuptools (bert4keras imports distutils)",
        "iterstrat": "iterative-stratification",
        "nncf": "nncf",
    },
}


def check_environment(*purposes, python_version=None):
    """Stop unless Python is new and old enough and every package that a purpose needs is installed.

    Nothing is imported, so the check takes milliseconds. tf-keras counts as missing where Keras 3 is alone, and
    ``distutils`` (which bert4keras imports) where Python is 3.12 or newer and setuptools is absent.

    Args:
        purposes: keys of ``PURPOSES``; none: all of them, which is what the lock installs.
        python_version: the version to judge, (major, minor); by default that of this interpreter.

    Raises:
        InputError: the version is outside 3.10 to 3.13, or a package is missing.

    >>> check_environment("label", "parquet")
    >>> check_environment(python_version=(3, 8))
    Traceback (most recent call last):
    zhlabel.errors.InputError: Python 3.8 can't run zhlabel, which needs 3.10 to 3.13. \
Name another one: make setup PYTHON=python3.12
    """
    version = tuple(python_version or sys.version_info[:2])
    if not OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        raise InputError(
            f"Python {version[0]}.{version[1]} can't run zhlabel, which needs 3.10 to 3.13. "
            "Name another one: make setup PYTHON=python3.12"
        )
    purposes = purposes or tuple(PURPOSES)
    needed = {module: package for purpose in purposes for module, package in PURPOSES[purpose].items()}
    missing = [package for module, package in needed.items() if not _is_installed(module)]
    if missing:
        # What bert4keras asks for no resolver finds, so training has one way alone.
        install = f"Run: {shlex.quote(sys.executable)} -m pip install {' '.join(missing)}"
        remedy = REMEDY if "train" in purposes else install
        raise InputError(f"Not installed for {sys.executable}: {', '.join(missing)}. {remedy}")


def _is_installed(module):
    if module in sys.modules:
        return sys.modules[module] is not None
    return importlib.util.find_spec(module) is not None


def require_environment(*purposes):
    """Check the environment for a script, before the imports that a wrong one lacks: one sentence, exit status 2.

    Args:
        purposes: as ``check_environment``.

    >>> require_environment()
    """
    try:
        check_environment(*purposes)
    except InputError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)


def import_openvino():
    """Import OpenVINO, and keep its telemetry out of this process.

    pip installs openvino-telemetry with openvino (the lock leaves it out). With it ``import openvino`` alone writes an
    id of the user to ~/intel and reports itself to Google Analytics, without asking; without it OpenVINO is quiet.

    Returns:
        The module ``openvino``.

    >>> import_openvino().__name__
    'openvino'
    """
    sys.modules.setdefault("openvino_telemetry", None)  # an import of it now ends in an ImportError
    return importlib.import_module("openvino")


def read_versions():
    """Return the versions of the packages on which a training's result depends, by name, for run.json.

    >>> sorted(read_versions())
    ['bert4keras', 'numpy', 'tensorflow', 'tf-keras', 'tokenizers']
    """
    names = ("tensorflow", "tf-keras", "bert4keras", "tokenizers", "numpy")
    return {name: importlib.metadata.version(name) for name in names}
