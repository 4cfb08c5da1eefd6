"""The form of the package: quiet imports, an import order, documented functions, constants that something reads."""

import ast
import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "zhlabel"
SCRIPTS = ("model_train", "model_evaluate", "model_predict", "model_pretrain", "data_split")
SCRIPTS += ("keyword_extract", "keyword_train")
# From the bottom up; a module imports from its own row and from lower ones, when it is imported itself.
ROWS = [
    {"errors", "environment", "settings", "files", "processes"},
    {
        "tables",
        "json_records",
        "labels",
        "examples",
        "entity_files",
        "texts",
        "tags",
        "tokens",
        "windows",
        "batches",
        "splits",
        "snapshots",
        "raw_texts",
        "masking",
    }
    | {"metrics", "entity_metrics", "ranking", "calibration", "outcomes", "intervals", "significance", "baselines"}
    | {"linear", "ngrams", "tag_ngrams", "keywords"}
    | {"decisions", "decoding", "thresholds", "sweep", "label_errors", "suspects", "light"}
    | {"reports", "class_reports", "entity_reports", "drawings", "page", "writers"},
    {"backend", "checkpoints", "layers", "encoder", "lora", "crf", "heads", "optimizer", "precision", "pretrainer"}
    | {"adversarial"},
    {"training", "voting", "pretraining"},
    {"tasks", "models", "runs", "loading", "export", "datasets", "plans", "tuning", "evaluation", "pretraining_plans"}
    | {"comparison", "comparison_tables"},
]
# Only these import TensorFlow at once.
HEAVY = {"backend", "layers", "encoder", "lora", "crf", "heads", "optimizer", "precision", "training", "export"}
HEAVY |= {"adversarial", "voting", "pretrainer", "pretraining"}
PRINTING = {"zhlabel.environment", "zhlabel.settings"}  # they speak for a script before its own code runs
HEAVY_PACKAGES = ("tensorflow", "tf_keras", "keras", "bert4keras", "torch", "transformers", "sklearn", "pandas")
HEAVY_PACKAGES += ("jieba", "lightgbm", "networkx")


def name_module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


TREES = {name_module(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
SOURCES = {name: ast.parse((ROOT / f"{name}.py").read_text(encoding="utf-8")) for name in SCRIPTS}


def find_row(module):
    """Give the row of zhlabel.x or zhlabel.x.y; the package itself is below all."""
    part = module.split(".")[1] if "." in module else ""
    return next((number for number, row in enumerate(ROWS) if part in row), -1 if not part else None)


def walk_module_level(tree):
    """Yield the nodes that run when a module is imported: all but the bodies of functions."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))


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


def test_every_module_has_a_row():
    assert [module for module in TREES if find_row(module) is None] == []
    assert {f"zhlabel.{name}" for row in ROWS for name in row} <= set(TREES)


def test_light_modules_import_no_heavy_package():
    light = [module for module in TREES if module.split(".")[1:2] not in [[name] for name in HEAVY]]
    assert len(light) > 15
    code = "import importlib, sys\n" + "".join(f"importlib.import_module({module!r})\n" for module in light)
    code += f"print(sorted(set({HEAVY_PACKAGES}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_package_itself_imports_nothing():
    tree = TREES["zhlabel"]
    assert ast.get_docstring(tree) and len(tree.body) == 1


def test_the_package_docstring_lists_every_file():
    listed = set(re.findall(r"^ *(\w+)(?:\.py|/) ", ast.get_docstring(TREES["zhlabel"]), re.MULTILINE))
    assert listed == {module.split(".")[1] for module in TREES if "." in module}


@pytest.mark.parametrize("module", TREES)
def test_a_lower_row_never_imports_a_higher_one(module):
    for imported in list_imports(walk_module_level(TREES[module])):
        if imported.split(".")[0] == "zhlabel":
            row = find_row(imported)
            assert row is not None and row <= find_row(module), f"{module} imports {imported}"


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
        # As an entry under Args, or, in a docstring without that part, as a word of the sentence.
        elif "Args:" in text:
            missing += [f"{name}: {each}" for each in names if not re.search(rf"^ +\*{{0,2}}{each}: ", text, re.M)]
        else:
            words = set(re.findall(r"\w+", text))
            missing += [f"{name}: {each}" for each in names if each not in words]
    assert not missing, missing


def test_every_module_and_public_class_is_documented():
    bare = [module for module, tree in TREES.items() if not ast.get_docstring(tree)]
    for module, tree in TREES.items():
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
        bare += [f"{module}.{node.name}" for node in classes if not ast.get_docstring(node)]
    assert bare == []


@pytest.mark.parametrize("module", [name for name, tree in TREES.items() if ">>> " in ast.unparse(tree)])
def test_the_examples_in_docstrings_run(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0 and result.failed == 0


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_constant_of_a_script_is_read_as_a_setting(script):
    tree = SOURCES[script]
    first = next(place for place, node in enumerate(tree.body) if isinstance(node, ast.FunctionDef))
    targets = [node.targets[0] for node in tree.body[:first] if isinstance(node, ast.Assign)]
    constants = {target.id.lower() for target in targets if isinstance(target, ast.Name) and target.id.isupper()}
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "settings"
    }
    assert len(constants) >= 4
    assert used == constants


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
