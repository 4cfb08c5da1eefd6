"""The files of labelling tools and of public data sets, as their users have them: read, or named by what they hold."""

import json

import pytest
import toy
from toy import save

from zhlabel.data.entities import read_entity_examples
from zhlabel.data.tags import Entity

TEXT = "王小明在上海交通大学读书"
PER, ORG = Entity(0, 3, "PER"), Entity(4, 10, "ORG")
TAGS = ["B-PER", "I-PER", "I-PER", *["O"] * 9]


def read(tmp_path, content):
    """Return (texts with their entities, the note)."""
    notes = []
    content = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    examples = read_entity_examples(save(tmp_path / "data", content), warn=notes.append)
    return [(example.text, list(example.entities)) for example in examples], "".join(notes)


def refuse(tmp_path, content, *parts):
    content = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    message = toy.refuse(read_entity_examples, save(tmp_path / "data", content))
    for part in parts:
        assert part in message


def mark(start, end, text, *labels):
    return {"start": start, "end": end, "text": text, "labels": list(labels)}


def make_task(text, *values, **more):
    result = [{"type": "labels", "from_name": "x", "to_name": "y", "value": value} for value in values]
    return {"id": 1, "data": {"text": text}, "annotations": [{"result": result, "was_cancelled": False}], **more}


READ = {
    "Label Studio, blanks joined in the saved text": (
        [make_task("王小明  在上海  交通大学读书", mark(0, 3, "王小明", "PER"), mark(6, 14, "上海 交通大学", "ORG"))],
        [PER, Entity(6, 14, "ORG")],
    ),
    "Label Studio, a line end left out": (
        [make_task("公司：云岭\n机械有限公司", mark(3, 12, "云岭机械有限公司", "ORG"))],
        [Entity(3, 12, "ORG")],
    ),
    "Label Studio, CRLF shown as two": (
        [make_task("甲方\r\n李四在北京", mark(0, 6, "甲方\n\n李四", "PER"))],
        [Entity(0, 6, "PER")],
    ),
    "Label Studio, before 2020": (
        [{"completions": make_task(TEXT, mark(0, 3, "王小明", "PER"))["annotations"], "data": {"text": TEXT}}],
        [PER],
    ),
    "Label Studio, JSON-MIN, a control of any name": (
        [{"id": 1, "text": TEXT, "ner": [mark(0, 3, "王小明", "PER")], "annotator": 1, "annotation_id": 1}],
        [PER],
    ),
    "Label Studio, JSON-MIN, a text of any name": (
        [{"id": 1, "review": TEXT, "ner": [mark(0, 3, "王小明", "PER")], "created_at": "2024", "annotation_id": 1}],
        [PER],
    ),
    "Label Studio, JSON-MIN, choices beside": (
        [{"text": TEXT, "label": "好", "ner": [mark(0, 3, "王小明", "PER")], "annotation_id": 1}],
        [PER],
    ),
    "Label Studio, two labels": (
        [{"id": 1, "text": TEXT, "label": [mark(0, 3, "王小明", "PER", "VIP")], "annotation_id": 1}],
        [PER, Entity(0, 3, "VIP")],
    ),
    "Label Studio, an emoji": (
        [{"id": 1, "text": "😀王小明在上海", "label": [mark(2, 5, "王小明", "PER")], "annotation_id": 1}],
        [Entity(1, 4, "PER")],
    ),
    "Label Studio, TSV": (
        'id\ttext\tlabel\tannotator\n1\t😀王小明在上海\t"[{""start"": 2, ""end"": 5, ""text"": ""王小明"", '
        '""labels"": [""PER""]}]"\t1\n',
        [Entity(1, 4, "PER")],
    ),
    "Label Studio, CSV": (
        "annotation_id,annotator,created_at,id,lead_time,ner,review\n"
        f'1,1,2024,1,1.5,"[{{""start"":0,""end"":3,""text"":""王小明"",""labels"":[""PER""]}}]",{TEXT}\n',
        [PER],
    ),
    "Label Studio, CoNLL": (
        "-DOCSTART- -X- O\n王小明 -X- _ B-人 名\n在 -X- _ O\n上海 -X- _ B-LOC\n\n",
        [Entity(0, 3, "人 名"), Entity(4, 6, "LOC")],
    ),
    "spans under a name of their own": ([{"text": TEXT, "ner": [{"start": 0, "end": 3, "label": "PER"}]}], [PER]),
    "CMeEE": (
        [{"text": TEXT, "entities": [{"start_idx": 0, "end_idx": 2, "type": "PER", "entity": "王小明"}]}],
        [PER],
    ),
    "CMeEE without the entity's text": (
        [{"text": TEXT, "entities": [{"start_idx": 4, "end_idx": 9, "type": "ORG"}]}],
        [ORG],
    ),
    "spaCy's pairs": ([[TEXT, {"entities": [[0, 3, "PER"], [4, 10, "ORG"]]}]], [PER, ORG]),
    "spaCy's document": ([{"text": TEXT, "ents": [{"start": 4, "end": 10, "label": "ORG"}], "tokens": []}], [ORG]),
    "bytes of UTF-8": (
        {"text": "a王小明在上海", "entities": [{"start": 1, "end": 10, "type": "PER", "text": "王小明"}]},
        [Entity(1, 4, "PER")],
    ),
    "a text and its tags": ({"text": TEXT, "labels": TAGS}, [PER]),
    "a text with blanks and tags of its words": (
        {"text": "去 New  York", "tags": ["O", "B-LOC", "L-LOC"]},
        [Entity(2, 11, "LOC")],
    ),
    "a text and tags in one string": ({"text": TEXT, "label": " ".join(TAGS)}, [PER]),
    "tokens and their tags": ({"tokens": list(TEXT), "ner_tags": TAGS}, [PER]),
    "tokens, their tags, and the text": (
        {"text": "去 New New York", "tokens": ["去", "New", "New", "York"], "tags": ["O", "O", "B-x", "I-x"]},
        [Entity(6, 14, "x")],
    ),
    "characters as the text, and their tags": ({"id": 1, "text": list(TEXT), "labels": TAGS}, [PER]),
    "a table with entities as Python writes them": (
        f"text,entities\n{TEXT},\"[{{'start': 0, 'end': 3, 'type': 'PER'}}]\"\n",
        [PER],
    ),
    "a table in any case of letters": (f'Text\tLabel\n{TEXT}\t"[[0, 3, ""PER""]]"\n', [PER]),
}


@pytest.mark.parametrize("case", READ)
def test_a_file_of_a_tool_is_read_without_a_note(tmp_path, case):
    content, entities = READ[case]
    found, note = read(tmp_path, content)
    assert (found[0][1], len(found), note) == (entities, 1, "")


REFUSED = {
    "a real mismatch": (
        [make_task("王小明  在上海  交通大学", mark(6, 14, "上海 交通大字", "ORG"))],
        "(item 1)",
        '"上海  交通大学"',
        '"上海 交通大字"',
    ),
    "inclusive ends": (
        {"text": TEXT, "entities": [{"start": 0, "end": 2, "type": "PER", "text": "王小明"}]},
        "make each end one more",
    ),
    "half-open ends under CMeEE's keys": (
        {"text": TEXT, "entities": [{"start_idx": 0, "end_idx": 3, "type": "PER", "entity": "王小明"}]},
        "make each end one less",
    ),
    "other keys": ({"text": TEXT, "entities": [{"begin": 0, "stop": 3, "type": "PER"}]}, "begin", "start_idx"),
    "doccano's label numbers": (
        {"text": TEXT, "annotations": [{"label": 2, "start_offset": 0, "end_offset": 3, "user": 1}]},
        'Export it from doccano as "JSONL (Text label)"',
        "numbers of doccano's labels",
    ),
    "the address of a text": (
        [make_task("/data/upload/3/doc.txt", {"start": 2, "end": 9, "labels": ["ORG"]})],
        "the address of a file",
        "Put the file's content in its place",
    ),
    "predictions alone": (
        [{"annotations": [], "predictions": [{"result": []}], "data": {"text": TEXT}}],
        "predictions alone: 1",
    ),
    "JSON-MIN with spans in HTML": (
        [{"text": TEXT, "x": [{"start": "/p[1]", "end": "/p[1]", "hypertextlabels": ["A"]}], "annotation_id": 1}],
        "Text tag",
    ),
    "tags as numbers": ({"tokens": list("北京"), "ner_tags": [1, 2]}, "found [1, 2]", "tags by their names"),
    "too few tags": ({"text": "北京市", "labels": ["B-LOC", "O"]}, '2 tags under "labels"', "3 characters"),
    "tokens of another text": ({"text": "上海", "tokens": ["北", "京"], "tags": ["O", "O"]}, "not those of"),
    "one object over several lines": ('{\n "text": "北京",\n "entities": []\n}', "line 1", "in one list"),
    "a comma behind the last": ('[{"text":"北京","entities":[]},]', "Remove the comma in front of the list's end"),
    "a list within an object": ({"data": [{"text": TEXT, "entities": []}]}, 'the list under "data"', "save that list"),
    "no width": ({"text": TEXT, "entities": [{"start": 3, "end": 3, "type": "PER"}]}, "from 3 to 3", "remove it"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_read_is_named_by_what_it_holds(tmp_path, case):
    refuse(tmp_path, *REFUSED[case])


def test_marks_without_a_label_are_left_out_and_counted(tmp_path):
    bare = {"start": 4, "end": 6, "text": "上海"}
    tasks = [make_task(TEXT, mark(0, 3, "王小明"), mark(4, 10, "上海交通大学", "ORG"), bare)]
    tasks[0]["annotations"][0]["result"].append({"type": "text", "value": bare})
    tasks[0]["annotations"][0]["result"].append({"type": "choices", "value": {**bare, "choices": ["好"]}})
    found, note = read(tmp_path, tasks)
    assert found == [(TEXT, [ORG])] and note.endswith("marks without a label: 3. They are left out.")
    flat = [{"text": TEXT, "label": [bare, mark(4, 10, "上海交通大学", "ORG")], "annotation_id": 1}]
    found, note = read(tmp_path, flat)
    assert found == [(TEXT, [ORG])] and "without a label: 1." in note


def test_a_row_without_a_mark_is_a_text_without_entities(tmp_path):
    content = 'id\ttext\tner\tannotator\n1\t北京\t"[{""start"":0,""end"":2,""labels"":[""LOC""]}]"\t1\n2\t上海\t\t1\n'
    assert read(tmp_path, content) == ([("北京", [Entity(0, 2, "LOC")]), ("上海", [])], "")


def test_tasks_without_any_mark_are_told_with_their_keys(tmp_path):
    tasks = [{"text": TEXT, "sentiment": "好", "annotation_id": 1}] * 2
    found, note = read(tmp_path, tasks)
    assert found == [(TEXT, [])] * 2
    assert note.endswith("none of the 2 tasks has a mark; the keys of the last are text, sentiment, annotation_id.")


def test_borders_on_blanks_and_on_characters_without_a_token_are_trimmed_and_counted(tmp_path):
    values = (mark(0, 5, " 王小明 ", "PER"), mark(6, 9, "上海 ", "LOC"), mark(9, 11, "工作", "JOB"))
    found, note = read(tmp_path, [make_task(" 王小明 在上海 工作", *values)])
    assert found[0][1] == [Entity(1, 4, "PER"), Entity(6, 8, "LOC"), Entity(9, 11, "JOB")]
    assert "at a border: 2. These are trimmed" in note and note.endswith('(the first is " 王小明 " in line 1)')
    found, note = read(tmp_path, "\u200b\tB-x\n北\tI-x\n\u3000\tI-x\n京\tI-x\n\u200b\tI-x\n \tB-y\n")
    assert found[0][1] == [Entity(1, 4, "x")]
    assert "at a border: 1." in note and "alone: 1. They are left out." in note


def test_tags_in_objects_and_spans_in_others_stay_in_order(tmp_path):
    items = [{"text": TEXT, "entities": []}, {"text": TEXT, "labels": TAGS}, {"text": "好", "labels": ["I-x"]}]
    found, note = read(tmp_path, "\n".join(json.dumps(item) for item in items))
    assert [entities for _, entities in found] == [[], [PER], [Entity(0, 1, "x")]]
    assert note.endswith("line 3: I-x at the beginning")
