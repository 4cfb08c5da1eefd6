"""Says in one sentence what is wrong with the Python that runs us; needs the standard library alone."""

import importlib.metadata
import importlib.util
import sys

from zhlabel.errors import InputError

OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 13)
REMEDY = "Run: make setup (or: python -m venv .venv && .venv/bin/pip install --no-deps -r requirements.txt)."
_PACKAGES = {
    "tensorflow": "tensorflow",
    "tf_keras": "tf-keras",
    "bert4keras": "bert4keras",
    "distutils": "setuptools (bert4keras imports distutils)",
    "numpy": "numpy",
    "sklearn": "scikit-learn",
    "scipy": "scipy",
    "cleanlab": "cleanlab",
    "iterstrat": "iterative-stratification",
    "openvino": "openvino",
    "nncf": "nncf",
    "tokenizers": "tokenizers",
    "safetensors": "safetensors",
    "filelock": "filelock",
    "pyarrow": "pyarrow",
    "matplotlib": "matplotlib",
    "jinja2": "jinja2",
    "jieba": "jieba",
    "snowballstemmer": "snowballstemmer",
    "lightgbm": "lightgbm",
    "tqdm": "tqdm",
}


def check_environment(*, python_version=None):
    """Stop unless Python is new and old enough and every package of requirements.in that we import is installed.

    Nothing is imported, so the check takes milliseconds. tf-keras counts as missing where Keras 3 is alone, and
    ``distutils`` (which bert4keras imports) where Python is 3.12 or newer and setuptools is absent.

    Args:
        python_version: the version to judge, (major, minor); by default that of this interpreter.

    Raises:
        InputError: the version is outside 3.10 to 3.13, or a package is missing.

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
    missing = [package for module, package in _PACKAGES.items() if not _is_installed(module)]
    if missing:
        raise InputError(f"Not installed for {sys.executable}: {', '.join(missing)}. {REMEDY}")


def _is_installed(module):
    if module in sys.modules:
        return sys.modules[module] is not None
    return importlib.util.find_spec(module) is not None


def require_environment():
    """Check the environment for a script, before the imports that a wrong one lacks: one sentence, exit status 2.

    >>> require_environment()
    """
    try:
        check_environment()
    except InputError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)


def read_versions():
    """Return the versions of the packages on which a training's result depends, by name, for run.json.

    >>> sorted(read_versions())
    ['bert4keras', 'numpy', 'tensorflow', 'tf-keras', 'tokenizers']
    """
    names = ("tensorflow", "tf-keras", "bert4keras", "tokenizers", "numpy")
    return {name: importlib.metadata.version(name) for name in names}
