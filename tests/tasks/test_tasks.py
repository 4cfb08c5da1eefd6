"""The tasks: what each accepts, and multi-class and NER from a file to a report and a prediction."""

import numpy as np
import pytest
import toy
from toy_commands import Notes, name_settings

import zhlabel
from zhlabel.data.examples import Example
from zhlabel.data.tags import IGNORED, Entity
from zhlabel.data.tokenizer import Tokenizer
from zhlabel.decisions.thresholds import Thresholds
from zhlabel.errors import InputError
from zhlabel.inference.job import label_into_file
from zhlabel.models.heads import CLASSIFIERS, TAGGERS
from zhlabel.tasks import TASKS
from zhlabel.tasks.base import Task

ENCODER = Tokenizer({token: i for i, token in enumerate(toy.VOCABULARY)})
NER = TASKS["ner"](("PER",))


def test_multi_class_learns_reports_and_labels(multi_class, monkeypatch):
    monkeypatch.chdir(multi_class.folder)
    assert any("Trainable params" in line for line in multi_class.notes)
    report = zhlabel.evaluate(multi_class.run, "class.dev.csv")
    assert report["accuracy"] == 1.0 and report["confusion"] == [[6, 0], [0, 6]] and report["thresholds"] == {}
    assert report["data"]["windowed"] == 3 and not (report.folder / "logits.json").exists()
    found = multi_class.run.predict(["公司宣布裁员", "昨日上海发生地震。"])
    assert [each["label"] for each in found] == ["裁员", "地震"]
    assert all(0.5 < each["probability"] < 1 for each in found)
    with pytest.raises(InputError, match=r"--threshold 0.5: multi_class takes the most probable label"):
        zhlabel.evaluate(multi_class.run, "class.dev.csv", threshold="0.5")


def check_ner(run, *, least):
    """Check what a run of the toy sentences says of itself, of the dev texts and of a new one."""
    assert run.record["settings"]["adversarial"] == 0.0
    report = zhlabel.evaluate(run, "ner.dev.bio")
    assert run.record["dev_score"] >= least
    assert report["micro avg"]["f1-score"] == pytest.approx(run.record["dev_score"])
    assert "accuracy" not in report and set(report["labels"]) == {"PER", "ORG"}
    text = "王小明在北京大学。"
    found, nothing = run.predict([text, ""])
    assert nothing["entities"] == []
    for each in found["entities"]:
        assert text[each["start"] : each["end"]] == each["text"] and 0 < each["probability"] <= 1
    return found


def test_ner_learns_reports_and_finds_entities(ner, monkeypatch):
    monkeypatch.chdir(ner.folder)
    assert ner.run.record["parameters"]["trainable"] == ner.run.record["parameters"]["all"]
    found = check_ner(ner.run, least=0.95)
    assert [(each["text"], each["type"]) for each in found["entities"]] == [("王小明", "PER"), ("北京大学", "ORG")]
    label_into_file(ner.run, iter(["王小明在北京大学。", ""]), "found.bio", progress=Notes())
    lines = (ner.folder / "found.bio").read_text(encoding="utf-8")
    assert lines.startswith("王\tB-PER\n小\tI-PER\n明\tI-PER\n在\tO\n北\tB-ORG\n") and lines.endswith("\n\n\tO\n\n")
    with pytest.raises(
        InputError, match=r"not entities(.|\n)*ner on the bundled sample: .*--data-file data/ner.test.bio"
    ):
        zhlabel.evaluate(ner.run, "class.dev.csv")


def test_ner_learns_with_lora_and_softmax(toy_folder, monkeypatch):
    monkeypatch.chdir(toy_folder)
    settings = {"head": "softmax", "lora_rank": 4, "head_learning_rate": 0.05, "max_length": 12}
    run = zhlabel.train(**name_settings("ner", run="lora", **settings))
    assert run.record["parameters"]["trainable"] < run.record["parameters"]["all"]
    check_ner(run, least=0.5)


def make_gold(text, *entities):
    return [Example(text, (), "a", 1, tuple(Entity(*each) for each in entities)).entities]


def test_what_a_windows_left_edge_cuts_off_is_not_learnt():
    text = "公司宣布王小明李四说他的了"
    table = ENCODER.encode([text], max_length=10, long_text="windows")  # windows begin at 0 and 5: inside 王小明
    targets = NER.align(make_gold(text, (4, 7, "PER"), (7, 9, "PER")), table)
    rows = [targets[a:b].tolist() for a, b in zip(table.starts, table.starts[1:], strict=False)]
    out = IGNORED  # the windows share 王小明李's last three: the first is asked about 小, the second begins inside
    assert rows[0] == [out, 0, 0, 0, 0, 1, 2, out, out, out]
    assert rows[1] == [out, out, out, 1, 3, 0, 0, 0, 0, out]


def test_gold_that_no_decision_can_equal_is_counted():
    table = ENCODER.encode(["公司宣布王小明ab"], max_length=8, long_text="cut")
    ner = TASKS["ner"](("ORG", "PER"))
    gold = make_gold("公司宣布王小明ab", (0, 2, "ORG"), (5, 7, "PER"))
    message = "1 of 2 gold entities can't be found: 1 beyond the length limit. They count as missed."
    assert ner.describe_gold(gold, table) == [message]
    whole = ENCODER.encode(["公司宣布王小明ab"], max_length=20)
    assert ner.describe_gold(gold, whole) == []
    unknown = ENCODER.encode(["公司xyz"], max_length=20)  # xyz is one token, [UNK]
    inside, around = (make_gold("公司xyz", (2, end, "ORG")) for end in (3, 5))
    assert "can't be found: 1 begun or ended inside a token." in ner.describe_gold(inside, unknown)[0]
    assert ner.describe_gold(around, unknown) == []


def test_windows_give_the_path_of_the_whole_text_where_emissions_agree():
    text = "公司宣布王小明李四说他的了"
    whole = ENCODER.encode([text], max_length=50, long_text="windows")
    scores = np.random.default_rng(0).standard_normal((len(text), 5)).astype(np.float32)
    expected = NER.predict(np.pad(scores, ((1, 1), (0, 0))), whole, long_text="windows")
    table = ENCODER.encode([text], max_length=7, long_text="windows")
    rows = [np.pad(scores[first : first + 5], ((1, 1), (0, 0))) for first in table.firsts]
    assert len(rows) > 2 and NER.predict(np.concatenate(rows), table, long_text="windows") == expected
    assert expected[0] and list(expected[0]) == sorted(expected[0])


def test_a_task_needs_everything_that_differs_between_tasks():
    with pytest.raises(TypeError, match="abstract"):
        Task(("PER",))
    for task in TASKS.values():
        assert task(["甲", "乙"]).labels == ("甲", "乙") and task.error_file.endswith(".csv")
        assert task(["甲", "乙"]).takes_threshold == (task.name != "multi_class")


def test_entities_are_kept_by_their_types_threshold_and_all_of_the_path_without_one():
    task, first, second = TASKS["ner"](("ORG", "PER")), Entity(0, 2, "ORG"), Entity(3, 5, "PER")
    found = [{first: 0.3, second: 0.6}]
    for thresholds, kept in [
        (Thresholds(), [first, second]),
        (Thresholds(0.0), [first, second]),
        (Thresholds(0.5), [second]),
        (Thresholds(0.5, {"ORG": 0.3, "PER": 0.7}), [first]),
    ]:
        assert task.decide(found, thresholds) == [kept]


def test_a_temperature_of_ner_is_refused():
    with pytest.raises(InputError, match=r"ner knows no temperature, found 2\.0"):
        NER.rescale([], 2.0)


def test_the_heads_of_each_task_are_those_that_can_be_built():
    assert NER.heads == tuple(TAGGERS)
    assert TASKS["multi_label"].heads == TASKS["multi_class"].heads == tuple(CLASSIFIERS)


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_a_value_that_a_task_does_not_have_is_refused_with_those_it_has(task):
    assert task.choose("HEAD", "") == task.heads[0] and task.choose("LONG_TEXT", "cut") == "cut"
    with pytest.raises(InputError, match=f"for {task.name} there is {', '.join(task.long_texts)}"):
        task.choose("LONG_TEXT", "slide")
    with pytest.raises(InputError, match='HEAD = "lstm"'):
        task.choose("HEAD", "lstm")


def test_a_text_counts_once_however_many_windows_it_has():
    table = ENCODER.encode(["公司" * 20, "公司"], max_length=12, long_text="windows_mean")
    weights = TASKS["multi_label"](("a",)).weigh_rows(None, "", table)
    assert np.bincount(table.owners, weights).tolist() == pytest.approx([1, 1])
    task, classes = TASKS["multi_class"](("a", "b")), np.array([0, 1])
    assert task.weigh_rows(classes, "a:3", table)[-1] == 1
    assert task.weigh_rows(classes, "", ENCODER.encode(["公"], max_length=9)) is None
    assert NER.weigh_rows(None, "", table) is None  # a token counts as much in a long text as in a short one
    with pytest.raises(InputError, match="a text of ner has no one class"):
        NER.weigh_rows(None, "balanced", table)


@pytest.mark.parametrize(
    "content",
    [
        "王 B-PER\n小 I-PER\n",
        "王\tb-per\n小\ti-per\n",
        '{"text": "王小明", "label": {"name": {"王小明": [[0, 2]]}}}\n',
        '{"text": "王小明", "entities": []}\n',
        '[{"data": {"text": "王小明"}, "annotations": []}]',
    ],
)
def test_a_file_with_entities_is_refused_by_the_tasks_of_labels(tmp_path, content):
    (tmp_path / "a").write_text(content, encoding="utf-8")
    for name in ("multi_label", "multi_class"):
        with pytest.raises(InputError, match=r'a, line 1.*file with entities.*TASK = "ner"'):
            TASKS[name].read(tmp_path / "a", warn=print)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lora_rank": 8, "freeze_layers": 9}, "freezes the encoder by itself"),
        ({"lora_rank": 8, "from_scratch": True}, "begins with random weights"),
        (
            {"task": "multi_class", "train_file": "one.csv", "dev_file": ""},
            "has one label, 裁员: for multi_class",
        ),
        ({"class_weights": "balanced"}, "a text of multi_label has no one class"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_before_anything_is_written(
    toy_folder, tmp_path, monkeypatch, changes, message
):
    (toy_folder / "one.csv").write_text("label,content\n裁员,公司\n裁员,公司裁员\n", encoding="utf-8")
    monkeypatch.chdir(toy_folder)
    task = changes.get("task", "multi_label")
    changes = {
        **name_settings(task, run=str(tmp_path / "new")),
        **({"dev_file": ""} if "task" in changes else {}),
        **changes,
    }
    with pytest.raises(InputError, match=message):
        zhlabel.train(**name_settings(**changes))
    assert not (tmp_path / "new").exists()


def test_two_entities_that_share_a_character_do_not_both_come_out():
    table = ENCODER.encode(["公司"], max_length=9)
    table.offsets[1:3] = [(0, 1), (0, 2)]  # as tokens of one character have it
    scores = 9 * np.eye(5, dtype=np.float32)[[0, 4, 4, 0]]  # O, S, S, O
    (found,) = NER.predict(scores, table, long_text="windows")
    assert list(found) == [Entity(0, 2, "PER")]
