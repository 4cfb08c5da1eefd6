"""Chinese text in, labels out: train, load, evaluate and compare models; check data; extract keywords.

The folders, from the bottom up; each imports its own row and lower ones alone:

    errors
    decisions  io  cli  environment
    data  backend
    checkpoints  ngrams  runs
    metrics  models
    reports
    tasks  evaluation  checking
    inference
    training  keywords
    api  pretraining

The scripts at the top of the repository stand on ``api``. A name is looked up when it is used, and TensorFlow imported
when it is needed.
"""

__version__ = "0.2.0"

_PLACES = {
    "InputError": "errors",
    "TerminalProgress": "cli.progress",
    **dict.fromkeys(("check", "compare", "evaluate", "extract_keywords", "load", "train"), "api"),
}
__all__ = ["__version__", *_PLACES]


def __getattr__(name):
    """Look a public name up when it is first used (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module 'zhlabel' has no attribute {name!r}; there are {', '.join(__all__)}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"zhlabel.{_PLACES[name]}"), name)
    return value


def __dir__():
    return sorted([*globals(), *_PLACES])
