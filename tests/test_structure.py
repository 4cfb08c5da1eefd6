"""The form of the package: quiet imports, an import order, documented functions, constants that something reads."""

import ast
import dataclasses
import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "zhlabel"
SCRIPTS = ("model_train", "model_evaluate", "model_predict", "model_pretrain", "data_split", "data_check")
SCRIPTS += ("keyword_extract", "keyword_train")
# From the bottom up; a folder, or one of the few modules beside them, imports its own row and lower ones alone,
# inside functions too.
ROWS = (
    ("errors",),
    ("decisions", "io", "cli", "environment"),
    ("data", "backend"),
    ("checkpoints", "ngrams", "runs"),
    ("metrics", "models"),
    ("reports",),
    ("tasks", "evaluation", "checking"),
    ("inference",),
    ("training", "keywords"),
    ("api", "pretraining"),
)
FLAT = {"api", "backend", "environment", "errors"}  # all others lie in folders
# These and what lies in them import TensorFlow at once.
HEAVY = ("backend", "models", "inference.tensorflow", "training", "pretraining")
LIGHT = ("models.weights", "training.state", "training.history", "training.tuning", "pretraining.corpus")
LIGHT += ("pretraining.masking", "pretraining.folder", "pretraining.recipe", "pretraining.settings")
LIGHT += ("models.build", "models.heads", "models.stored", "pretraining.alignment", "pretraining.teacher")
# The classes of settings behind functions that take them one by one.
SETTINGS_BEHIND = {"zhlabel.train": ("zhlabel.training.settings", "TrainingSettings")}
SAMPLES = {"texts"}  # settings whose value in a script shows what it does, and is nobody's default
PRINTING = {"zhlabel.environment", "zhlabel.cli.settings", "zhlabel.cli.progress"}  # they speak for a script
HEAVY_PACKAGES = ("tensorflow", "tf_keras", "keras", "bert4keras", "torch", "transformers", "sklearn", "pandas")
HEAVY_PACKAGES += ("jieba", "lightgbm", "networkx")


def name_module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


EXAMPLE = re.compile(r">>> (?!.*doctest: \+SKIP)")  # one that runs
TREES = {name_module(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
SOURCES = {name: ast.parse((ROOT / f"{name}.py").read_text(encoding="utf-8")) for name in SCRIPTS}


def find_row(module):
    """Return the row of zhlabel.x or zhlabel.x.y; the package itself is above all."""
    part = module.split(".")[1] if "." in module else ""
    return next((number for number, row in enumerate(ROWS) if part in row), len(ROWS) if not part else None)


def is_heavy(module):
    """Return whether a module imports TensorFlow when it is imported."""
    name = module.removeprefix("zhlabel.")
    return name not in LIGHT and any(name == each or name.startswith(f"{each}.") for each in HEAVY)


def list_imports(nodes, *, inside="zhlabel"):
    """Yield the modules that import statements name, each ``from package import module`` as the module."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == inside)


def list_public_functions():
    """Yield (name, node) of the functions and of the methods of classes whose names have no underscore."""
    for module, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield f"{module}.{node.name}", node
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                # A method that its base class defines is documented there.
                inner = [each for each in node.body if isinstance(each, ast.FunctionDef)] if not node.bases else []
                for each in inner:
                    if not each.name.startswith("_"):
                        yield f"{module}.{node.name}.{each.name}", each


def test_every_module_lies_in_a_room():
    assert [module for module in TREES if find_row(module) is None] == []
    assert {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"} <= FLAT
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert rooms | FLAT >= {name for row in ROWS for name in row}
    assert not [folder for folder in rooms if not (PACKAGE / folder / "__init__.py").is_file()]


def test_the_tests_lie_in_the_same_rooms():
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    folders = {path.name for path in (ROOT / "tests").iterdir() if any(path.glob("test_*.py"))}
    assert rooms <= folders <= rooms | {"scripts", "benchmarks"}


def test_light_modules_import_no_heavy_package():
    light = [module for module in TREES if not is_heavy(module)]
    assert len(light) > 80
    code = "import importlib, sys\n" + "".join(f"importlib.import_module({module!r})\n" for module in light)
    code += f"print(sorted(set({HEAVY_PACKAGES}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_importing_the_package_imports_none_of_its_modules_and_nothing_heavy():
    code = "import sys; before = set(sys.modules); import zhlabel; "
    code += "print(sorted(name for name in set(sys.modules) - before if '.' not in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stdout, done.stderr) == ("['zhlabel']\n", "")


def test_the_package_docstring_lists_the_rows():
    listed = [line.split() for line in ast.get_docstring(TREES["zhlabel"]).split("\n") if line.startswith("    ")]
    assert [set(row) for row in listed] == [set(row) for row in ROWS]


@pytest.mark.parametrize("module", TREES)
def test_a_lower_row_never_imports_a_higher_one(module):
    own = find_row(module)
    for imported in list_imports(ast.walk(TREES[module])):
        if imported.startswith("zhlabel."):
            row = find_row(imported)
            same = imported.split(".")[1:2] == module.split(".")[1:2]
            assert row is not None and (row < own or same), f"{module} imports {imported}"


@pytest.mark.parametrize("module", TREES)
def test_a_module_names_what_it_imports_and_prints_nothing(module):
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.ImportFrom):
            assert all(alias.name != "*" for alias in node.names), module
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and module not in PRINTING:
            assert node.func.id != "print", f"{module}, line {node.lineno}"


def test_nothing_imports_a_script():
    folders = [path for path in (PACKAGE, ROOT / "data", ROOT / "benchmarks", ROOT / "tests") if path.exists()]
    files = [file for folder in folders for file in folder.rglob("*.py")] + list(ROOT.glob("*.py"))
    assert len(files) > 25
    for file in files:
        nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        assert not set(SCRIPTS) & set(list_imports(nodes, inside="")), file


def test_every_public_function_is_documented_with_its_arguments():
    functions = dict(list_public_functions())
    assert len(functions) > 50
    missing = []
    for name, node in functions.items():
        text = ast.get_docstring(node)
        arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        arguments += [each for each in (node.args.vararg, node.args.kwarg) if each]
        names = [each.arg for each in arguments if each.arg not in ("self", "cls")]
        if not text:
            missing.append(f"{name}: no docstring")
        # Who begins to list arguments lists all; where a sentence says enough there is none, but in the front door.
        elif "Args:" in text or name.startswith("zhlabel.api."):
            missing += [f"{name}: {each}" for each in names if not re.search(rf"^ +\*{{0,2}}{each}: ", text, re.M)]
    assert not missing, missing


def test_every_module_and_public_class_is_documented():
    bare = [module for module, tree in TREES.items() if not ast.get_docstring(tree)]
    for module, tree in TREES.items():
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
        bare += [f"{module}.{node.name}" for node in classes if not ast.get_docstring(node)]
    assert bare == []


@pytest.mark.parametrize("module", [name for name, tree in TREES.items() if EXAMPLE.search(ast.unparse(tree))])
def test_the_examples_in_docstrings_run(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0 and result.failed == 0


def list_constants(script):
    """Return {setting: value} of the constants above a script's first function."""
    body, found = SOURCES[script].body, {}
    for node in body[: next(place for place, node in enumerate(body) if isinstance(node, ast.FunctionDef))]:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            value = ast.literal_eval(node.value)
            found[node.targets[0].id.lower()] = tuple(value) if isinstance(value, list) else value
    return found


def list_used_settings(script):
    """Return the names that a script reads of its settings, as settings.x or by a list of names."""
    for node in ast.walk(SOURCES[script]):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "settings":
            yield node.attr
        if isinstance(node, ast.DictComp) and ast.unparse(node.value) == "getattr(settings, name)":
            yield from ast.literal_eval(node.generators[0].iter)


def find_settings_class(script):
    """Return the class of settings to which a script hands all it was given, or None."""
    tree = SOURCES[script]
    origins = {each.name: node.module for node in tree.body if isinstance(node, ast.ImportFrom) for each in node.names}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and "**vars(settings)" in ast.unparse(node)]
    taking = [node for node in calls if any(each.arg is None for each in node.keywords)]
    if not taking:
        return None
    (name,) = {ast.unparse(node.func) for node in taking}
    module, name = SETTINGS_BEHIND.get(name) or (origins[name], name)
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_constant_of_a_script_is_read_as_a_setting(script):
    constants, kind = list_constants(script), find_settings_class(script)
    used = set(list_used_settings(script)) - {"given"}  # the names of what the command line gave
    assert len(constants) >= 4 and used <= set(constants)
    if kind is None:
        assert used == set(constants)
        return
    defaults = {field.name: field.default for field in dataclasses.fields(kind)}
    defaults |= {name: constants[name] for name in SAMPLES & set(defaults)}
    assert constants == defaults, "one field a constant, with the same default"
    read = {node.attr for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    read |= {node.value for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert set(constants) <= read


@pytest.mark.parametrize("script", SCRIPTS)
def test_at_most_twenty_constants_stand_above_what_is_seldom_changed(script):
    text = (ROOT / f"{script}.py").read_text(encoding="utf-8").split("# Seldom changed")[0].split("\ndef ")[0]
    assert len(re.findall(r"^[A-Z][A-Z_]* = ", text, re.MULTILINE)) <= 20


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_constant_of_a_script_has_a_comment(script):
    tree, lines = SOURCES[script], (ROOT / f"{script}.py").read_text(encoding="utf-8").split("\n")
    first = next(place for place, node in enumerate(tree.body) if isinstance(node, ast.FunctionDef))
    for node in tree.body[:first]:
        if isinstance(node, ast.Assign):
            assert any("  # " in line for line in lines[node.lineno - 1 : node.end_lineno]), lines[node.lineno - 1]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_runs_nothing_when_it_is_imported(script):
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.FunctionDef, ast.Expr, ast.If)
    for node in SOURCES[script].body:
        assert isinstance(node, allowed), node.lineno
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant) or ast.unparse(node) == "require_environment()", node.lineno
        if isinstance(node, ast.If):
            assert ast.unparse(node.test) == "__name__ == '__main__'"
