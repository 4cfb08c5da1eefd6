"""entity_files: every form of file gives the same entities, and every bad line or object is named by its place."""

import json

import pytest
import toy
from toy import save

from zhlabel.data.entities import read_entity_examples
from zhlabel.data.examples import Example, read_examples
from zhlabel.data.tags import Entity
from zhlabel.errors import InputError

SAMPLE = toy.ROOT / "data" / "sample.jsonl"
# Full-width letters, an emoji, adjacent entities of one type, one character alone, entities at both ends, none at all.
TEXTS = [
    ("王小明去北京上海", [(0, 3, "PER"), (4, 6, "LOC"), (6, 8, "LOC")]),
    ("ＡＢＣ公司😀裁员", [(0, 5, "ORG")]),
    ("今天，[无]", []),
    ("{😀李在沪", [(1, 3, "PER"), (4, 5, "LOC")]),
]
EXPECTED = [(text, [Entity(*span) for span in spans]) for text, spans in TEXTS]


def write_tags(text, spans, scheme="BIO"):
    tags = ["O"] * len(text)
    for start, end, name in spans:
        inside, last, single = {"BIO": "IIB", "BMES": "MES", "BIOES": "IES"}[scheme]
        prefixes = ["B", *inside * (end - start - 2), last] if end - start > 1 else [single]
        tags[start:end] = [f"{prefix}-{name}" for prefix in prefixes]
    return tags


def to_columns(separator="\t", scheme="BIO", between="\n", more=""):
    blocks = []
    for text, spans in TEXTS:
        rows = zip(text, write_tags(text, spans, scheme), strict=True)
        blocks.append("".join(f"{character}{separator}{more}{tag}\n" for character, tag in rows))
    return between.join(blocks)


def to_pairs(between, blank_line="\n"):
    pairs = [f"{between.join(text)}\n{' '.join(write_tags(text, spans))}\n" for text, spans in TEXTS]
    return blank_line.join(pairs)


def to_lines(items):
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


def as_ours(**more):
    return [
        {"text": text, "entities": [{"start": start, "end": end, "type": name} for start, end, name in spans], **more}
        for text, spans in TEXTS
    ]


def as_cluener():
    items = []
    for text, spans in TEXTS:
        label = {}
        for start, end, name in spans:
            label.setdefault(name, {}).setdefault(text[start:end], []).append([start, end - 1])
        items.append({"text": text, "label": label})
    return items


def as_doccano(text_key="text", label_key="label"):
    return [
        {"id": 1, text_key: text, label_key: [list(span) for span in spans], "Comments": []} for text, spans in TEXTS
    ]


def as_doccano_relations():
    names = ("start_offset", "end_offset", "label")
    return [
        {"id": 7, "text": text, "entities": [{"id": 3, **dict(zip(names, span, strict=True))} for span in spans]}
        | {"relations": []}
        for text, spans in TEXTS
    ]


def as_values(text, spans):
    return [{"start": start, "end": end, "text": text[start:end], "labels": [name]} for start, end, name in spans]


def as_studio(key="text"):
    return [make_task(text, as_values(text, spans), key=key) for text, spans in TEXTS]


def make_annotation(values, *, was_cancelled=False):
    result = [{"type": "labels", "from_name": "label", "to_name": "text", "value": value} for value in values]
    choice = {"type": "choices", "from_name": "mood", "value": {"choices": ["good"]}}
    return {"id": 5, "result": [choice, *result], "was_cancelled": was_cancelled}


def make_task(text, values, *, key="text"):
    return {"id": 1, "data": {key: text, "number": 4}, "annotations": [make_annotation(values)], "predictions": []}


def as_studio_min():
    items = [{"text": text, "label": as_values(text, spans), "annotation_id": 2} for text, spans in TEXTS]
    return [{key: value for key, value in item.items() if value != []} for item in items]


FORMS = {
    "columns, tab": to_columns(),
    "columns, space": to_columns(" "),
    "columns, CRLF": to_columns().replace("\n", "\r\n"),
    "columns, BMES": to_columns(scheme="BMES"),
    "columns, BIOES": to_columns(scheme="BIOES"),
    "columns, underscores": to_columns().replace("-", "_"),
    "columns, lower-case prefixes": to_columns().replace("\tB-", "\tb-").replace("\tI-", "\ti-").replace("\tO", "\to"),
    "columns, blanks at line ends": to_columns().replace("\n", " \t\n"),
    "columns, lines of blanks between": to_columns(between=" \t\n\u3000\n\n"),
    "columns, no last line end": to_columns().rstrip("\n"),
    "columns, blank lines first and last": "\n\n" + to_columns() + "\n \n\n",
    "columns, documents": "-DOCSTART- O\n\n" + to_columns(between="-DOCSTART- -X- O O\n"),
    "columns, four with spaces": to_columns(" ", more="NN B-NP "),
    "columns, four with tabs": to_columns(more="NN\tB-NP\t"),
    "pairs": to_pairs(" "),
    "pairs with tabs": to_pairs("\t", blank_line=""),
    "pairs, CRLF": to_pairs(" ").replace("\n", "\r\n"),
    "pairs, characters together": to_pairs(""),
    "pairs, no last line end": to_pairs("", blank_line="\n \n").rstrip("\n"),
    "ours, lines": to_lines(as_ours()),
    "ours, list": json.dumps(as_ours(labels=["裁员"], split="train"), ensure_ascii=False),
    "ours, indented and escaped": json.dumps(as_ours(), indent=2),
    "ours, label for type": to_lines(as_ours()).replace('"type"', '"label"'),
    "ours, lines with empty lines and CRLF": to_lines(as_ours()).replace("\n", "\r\n\r\n"),
    "CLUENER": to_lines(as_cluener()),
    "doccano": to_lines(as_doccano()),
    "doccano, old": to_lines(as_doccano("data", "labels")),
    "doccano with relations": to_lines(as_doccano_relations()),
    "Label Studio": json.dumps(as_studio(), ensure_ascii=False),
    "Label Studio, another key": json.dumps(as_studio("review")),
    "Label Studio, JSON-MIN": json.dumps(as_studio_min(), ensure_ascii=False),
    "objects of several forms": to_lines([as_ours()[0], as_cluener()[1], as_doccano()[2], as_studio()[3]]),
}


def lay_out(examples):
    return [(example.text, list(example.entities)) for example in examples]


def read(tmp_path, content, warn=None):
    return lay_out(read_entity_examples(save(tmp_path / "data", content), warn=warn))


def refuse(tmp_path, content, *parts):
    path = save(tmp_path / "data", content)
    message = toy.refuse(read_entity_examples, path)
    assert message.startswith(str(path))
    for part in parts:
        assert part in message
    return message


def collect_notes(tmp_path, content):
    notes = []
    found = read(tmp_path, content, warn=notes.append)
    return found, notes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_in_every_encoding_gives_the_same_entities(tmp_path, form, encoding):
    for name in ("data", "data.gz"):  # the name says nothing about the form
        path = save(tmp_path / name, FORMS[form], encoding)
        assert lay_out(read_entity_examples(path)) == EXPECTED


@pytest.mark.parametrize("form", [name for name in FORMS if "doccano" not in name and "objects" not in name])
def test_legal_files_are_read_without_a_warning(tmp_path, form):
    assert collect_notes(tmp_path, FORMS[form]) == (EXPECTED, [])


@pytest.mark.parametrize("text", ["北京", "O O", "[O]", "B-2轰炸机", "{}", "好", "[", "OOOO"])
@pytest.mark.parametrize("separator", ["\t", " "])
def test_characters_that_look_like_tags_or_json_are_characters(tmp_path, text, separator):
    tags = ["B-x", *["I-x"] * (len(text) - 1)]
    rows = "".join(f"{character}{separator}{tag}\n" for character, tag in zip(text, tags, strict=True))
    assert read(tmp_path, rows) == [(text, [Entity(0, len(text), "x")])]
    assert read(tmp_path, f"{text}\n{' '.join(tags)}\n") == [(text, [Entity(0, len(text), "x")])]


def test_an_example_remembers_its_file_its_line_and_its_types_in_order(tmp_path):
    path = save(tmp_path / "a", "\n去 O\n沪 B-LOC\n李 B-PER\n京 B-LOC\n\n \n-DOCSTART- O\n好 O\n")
    entities = (Entity(1, 2, "LOC"), Entity(2, 3, "PER"), Entity(3, 4, "LOC"))
    assert read_entity_examples(path) == [
        Example("去沪李京", ("LOC", "PER"), str(path), 2, entities),
        Example("好", (), str(path), 9, ()),
    ]
    assert [each.line for each in read_entity_examples(save(tmp_path / "b", "\n北 京\nO O\n\n\n好\nO\n"))] == [2, 6]
    lines = [each.line for each in read_entity_examples(save(tmp_path / "c", json.dumps(as_ours()[:1] * 2, indent=1)))]
    assert lines[0] == 2 and lines[1] > 10


def test_a_blank_character_is_a_character(tmp_path):
    content = "a B-x\n  I-x\n\u3000 I-x\n\t\tI-x\n\t I-x\n \tI-x\n I-x\n\tI-x\n   I-x\nb\tI-x\n"
    assert read(tmp_path, content) == [("a \u3000\t\t  \t b", [Entity(0, 10, "x")])]
    assert read(tmp_path, "\t\tO\n  O\n\na B-x\n") == [("\t ", []), ("a", [Entity(0, 1, "x")])]
    assert read(tmp_path, " 北京 \nO B-x I-x O\n") == [(" 北京 ", [Entity(1, 3, "x")])]
    assert read(tmp_path, " 北京 \nB-x I-x\n") == [("北京", [Entity(0, 2, "x")])]
    assert read(tmp_path, "a\u3000b 😀\nB-x I-x I-x O O\n") == [("a\u3000b 😀", [Entity(0, 3, "x")])]


def test_tokens_of_several_characters_are_joined_and_spans_count_characters(tmp_path):
    expected = [("New York在iPhone4s😀", [Entity(0, 8, "LOC"), Entity(9, 17, "game")])]
    assert read(tmp_path, "New York\tB-LOC\n在\tO\niPhone\tB-game\n4s\tI-game\n😀\tO\n") == expected
    expected = [("去iPhone4s😀", [Entity(1, 9, "game")])]
    assert read(tmp_path, "去  O\niPhone NN B-game\n4s NN I-game\n😀 NN O\n") == expected
    assert read(tmp_path, "去 iPhone  4s\t😀\nO B-game I-game O\n") == expected


def test_illegal_sequences_are_read_by_the_rule_and_told_once_with_lines(tmp_path):
    content = "去 O\n北 I-LOC\n京 I-LOC\n\n李 I-PER\n好 B-LOC\n人 I-PER\n\n沪 O\n上 I-LOC\n"
    found, notes = collect_notes(tmp_path, content)
    spans = [[(1, 3, "LOC")], [(0, 1, "PER"), (1, 2, "LOC"), (2, 3, "PER")], [(1, 2, "LOC")]]
    assert [entities for _, entities in found] == [[Entity(*span) for span in each] for each in spans]
    assert len(notes) == 1 and notes[0].startswith(f"{tmp_path / 'data'}: illegal tags: 4. ")
    assert "begins an entity" in notes[0]
    assert notes[0].endswith("line 2: I-LOC after O; line 5: I-PER at the beginning; line 7: I-PER after B-LOC ...")
    _, notes = collect_notes(tmp_path, "去 北 京\nO I-LOC I-LOC\n\n好\nO\n")
    assert notes[0].endswith(". line 2: I-LOC after O")


def test_whether_ends_are_marked_is_told_by_the_whole_file(tmp_path):
    found, notes = collect_notes(tmp_path, "北 B-x\n京 I-x\n好 O\n\n上 B-x\n海 E-x\n")
    assert [entities for _, entities in found] == [[Entity(0, 2, "x")], [Entity(0, 2, "x")]]
    assert len(notes) == 1 and notes[0].endswith("line 3: O after I-x")
    assert collect_notes(tmp_path, "北 B-x\n京 I-x\n好 O\n\n上 S-x\n")[1] == []


def test_a_file_without_any_entity_is_read(tmp_path):
    assert read(tmp_path, "北 O\n京 O\n") == [("北京", [])]
    assert read(tmp_path, to_lines([{"text": "北京", "label": {}}, {"text": "", "labels": []}])) == [
        ("北京", []),
        ("", []),
    ]


def test_equal_spans_are_one_and_overlapping_ones_stay_by_start(tmp_path):
    spans = [[2, 4, "LOC"], [0, 4, "ORG"], [2, 4, "LOC"], [0, 2, "PER"], [0, 4, "GPE"]]
    expected = [Entity(0, 2, "PER"), Entity(0, 4, "ORG"), Entity(0, 4, "GPE"), Entity(2, 4, "LOC")]
    assert read(tmp_path, to_lines([{"text": "王小北京", "label": spans}])) == [("王小北京", expected)]
    value = {"start": 0, "end": 2, "text": "北京", "labels": ["LOC", " ORG "]}
    assert read(tmp_path, json.dumps([make_task("北京", [value])])) == [
        ("北京", [Entity(0, 2, "LOC"), Entity(0, 2, "ORG")])
    ]


def test_the_sample_is_read_and_its_event_labels_are_not_entities():
    examples = read_entity_examples(SAMPLE)
    items = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    assert len(examples) == len(items) == len(read_examples(SAMPLE)) > 100
    for example, item in zip(examples, items, strict=True):
        assert example.text == item["text"]
        assert [entity._asdict() for entity in example.entities] == item["entities"]


def test_of_a_task_the_first_annotation_that_stands_is_used_and_doubts_are_counted(tmp_path):
    first, second = ([{"start": 0, "end": 1, "labels": [name]}] for name in "ab")
    annotations = [
        [make_annotation(first, was_cancelled=True), make_annotation(second)],
        [make_annotation(first), make_annotation(second)],
        [make_annotation(first, was_cancelled=True)],
        [],
        [make_annotation([])],
    ]
    tasks = [{"data": {"text": "北京"}, "annotations": each} for each in annotations]
    found, notes = collect_notes(tmp_path, json.dumps(tasks))
    assert found == [("北京", [Entity(0, 1, "b")]), ("北京", [Entity(0, 1, "a")]), ("北京", [])]
    assert len(notes) == 1
    assert "several annotations: 1." in notes[0] and "cancelled ones alone: 2." in notes[0]
    refuse(tmp_path, json.dumps(tasks[2:4]), "holds no text with entities")


def test_spans_counted_in_utf_16_are_told_by_the_text_beside_them(tmp_path):
    text = "😀北京😀海"
    for value in (
        {"start": 2, "end": 6, "text": "北京😀", "labels": ["LOC"]},
        {"start": 1, "end": 4, "text": "北京😀", "labels": ["LOC"]},
    ):
        assert collect_notes(tmp_path, json.dumps([make_task(text, [value])])) == ([(text, [Entity(1, 4, "LOC")])], [])


def test_an_emoji_before_a_span_that_doccano_counted_is_told(tmp_path):
    items = [{"text": "😀北京", "label": [[1, 3, "LOC"]]}, {"text": "北京😀", "label": [[0, 2, "LOC"]]}]
    found, notes = collect_notes(tmp_path, to_lines(items))
    assert found[0] == ("😀北京", [Entity(1, 3, "LOC")])
    assert len(notes) == 1 and "before the end of a span: 1." in notes[0]
    entities = [{"start_offset": 1, "end_offset": 3, "label": "LOC"}]
    assert "span: 1." in collect_notes(tmp_path, to_lines([{"text": "😀北京", "entities": entities}]))[1][0]
    assert collect_notes(tmp_path, to_lines(items[1:]))[1] == []


def find_keywords(tmp_path, text, keywords):
    (found,), notes = collect_notes(tmp_path, to_lines([{"text": text, "keywords": keywords}]))
    assert found[0] == text and {entity.type for entity in found[1]} <= {"keyword"}
    return [text[entity.start : entity.end] for entity in found[1]], [entity.start for entity in found[1]], notes


def test_every_place_of_a_keyword_is_an_entity_and_the_longer_of_two_stays(tmp_path):
    places = find_keywords(
        tmp_path, "神经网络很好，神经网络模型更好，模型呢", ["网络模型更", "模型", "神经网络", " 神经网络模型 "]
    )
    assert places[:2] == (["神经网络", "神经网络模型", "模型"], [0, 7, 16])
    assert find_keywords(tmp_path, "哈哈哈哈", ["哈哈"]) == (["哈哈", "哈哈"], [0, 2], [])
    assert find_keywords(tmp_path, "去北京", "北京;去") == (["去", "北京"], [0, 1], [])
    assert find_keywords(tmp_path, "北京", ["", " "]) == find_keywords(tmp_path, "北京", "") == ([], [], [])


def test_keywords_are_found_in_any_case_but_not_inside_other_latin_words_and_numbers(tmp_path):
    assert find_keywords(tmp_path, "用BERT和bert，非albert", ["Bert"])[0] == ["BERT", "bert"]
    text = "AI gains (ai) in AIs, 第2代和12代"
    assert find_keywords(tmp_path, text, ["ai", "2", "2代"])[1] == [0, 10, 23]
    assert find_keywords(tmp_path, "C++与c+.*", ["c++", "C+.*"])[0] == ["C++", "c+.*"]
    assert find_keywords(tmp_path, "İstanbul和北京", ["北京"])[0] == ["北京"]  # İ in lower case is two characters


def test_keywords_without_a_place_are_counted_in_one_note(tmp_path):
    items = [
        {"text": "去北京市", "keywords": ["北京", "北京市", "上海", "上海"]},
        {"content": "去上海", "keywords": ["北京"]},
        as_ours()[0],
    ]
    found, notes = collect_notes(tmp_path, to_lines(items))
    assert found[:2] == [("去北京市", [Entity(1, 4, "keyword")]), ("去上海", [])]
    assert len(notes) == 1 and "3 of 4" in notes[0] and "don't stand in their text" in notes[0]


def test_spans_or_labels_in_an_object_go_before_its_keywords(tmp_path):
    items = [{**item, "keywords": ["公司"]} for item in (*as_ours(), *as_cluener())]
    assert read(tmp_path, to_lines(items)) == EXPECTED * 2


@pytest.mark.parametrize("content", ["", "\n \n\r\n", "[]", "[ \n]\n"])
def test_a_file_without_a_text_is_refused(tmp_path, content):
    refuse(tmp_path, content, "holds no text", "data/ner.train.bio")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_entity_examples(tmp_path / "none")


@pytest.mark.parametrize(
    "content",
    [
        "label,content\n裁员,公司裁员\n",
        '"content","label"\r\n公司裁员,裁员\r\n',
        "Labels\tText\n裁员\t公司裁员\n",
        to_lines([{"text": "公司裁员", "label": ["裁员"]}]),
        to_lines([{"text": "公司裁员", "labels": "裁员"}]),
        json.dumps([{"content": "公司裁员", "label": ["裁员"]}], ensure_ascii=False),
        to_lines([{"text": "公司裁员", "id": "1", "event_list": [{"event_type": "裁员"}]}]),
    ],
)
def test_labelled_texts_are_told_from_entities(tmp_path, content):
    message = refuse(tmp_path, content, "data/ner.train.bio (two columns, character and tag)")
    assert message.startswith(f"{tmp_path / 'data'} holds labelled texts, not entities")


BAD_LINES = {
    "one column": ("北 O\n京\n", ", line 2: found one column", '"京"'),
    "a text alone": ("公司裁员\n员工起诉\n", ", line 1: found one column", "B-LOC"),
    "a tag without its type": ("北 O\n\n京 B-\n", ", line 3", 'found "B-"', "such as B-LOC"),
    "a type without its prefix": ("北 O\n京 LOC\n", ", line 2", 'found "LOC"'),
    "fewer tags than characters": ("北 京\nO O\n去 北 京\nO O\n", ", line 4: found 2 tags", "3 words", "in line 3"),
    "a word among the tags": ("北 京\nO O\n\n去 京\nO LOC\n", ', line 5: found "LOC"'),
    "no tags below the last text": ("北 京\nO O\n\n去 京\n", ", line 4: the file ends"),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_line_is_named(tmp_path, case):
    refuse(tmp_path, *BAD_LINES[case])


def as_entity(**changes):
    return {"text": "北京市", "entities": [{"start": 0, "end": 2, "type": "LOC"} | changes]}


BAD_OBJECTS = {
    "end behind the text": (as_entity(end=4), "from 0 to 4", "<= 3"),
    "negative start": (as_entity(start=-1), "from -1 to 2"),
    "start at end": (as_entity(start=2), "from 2 to 2"),
    "start behind end": (as_entity(start=3), "from 3 to 2"),
    "float": (as_entity(end=2.0), "[0, 2.0]", "two integers"),
    "bool as start": (as_entity(start=False), "[false, 2]", "two integers"),
    "bool": (as_entity(end=True), "[0, true]", "two integers"),
    "no end": ({"text": "北京", "entities": [{"start": 0, "type": "LOC"}]}, "[0, null]"),
    "no type": ({"text": "北京", "entities": [{"start": 0, "end": 1}]}, "[null]", "the name of a type"),
    "empty type": (as_entity(type=" "), '[" "]', "the name of a type"),
    "another text": (as_entity(text="上海"), '"北京"', '"上海"'),
    "half a character in the text": ({"text": "a\ud83d", "entities": []}, "half a character"),
    "half a character in a type": (as_entity(type="\ud83d"), "half a character"),
    "CLUENER, another text": ({"text": "北京市", "label": {"LOC": {"北京": [[0, 2]]}}}, '"北京市"', '"北京"'),
    "CLUENER, half-open at the end": ({"text": "北京", "label": {"LOC": {"北京": [[0, 2]]}}}, "from 0 to 3"),
    "CLUENER, no places": ({"text": "北京", "label": {"LOC": ["北京"]}}, '{"LOC": ["北京"]}'),
    "CLUENER, a place is no pair": ({"text": "北京", "label": {"LOC": {"北京": [0, 1]}}}, "found 0"),
    "CLUENER, a place is no number": ({"text": "北京", "label": {"LOC": {"北京": [[0, "1"]]}}}, '[0, "1"]'),
    "doccano, too short": ({"text": "北京", "label": [[0, 1]]}, "found [0, 1]"),
    "doccano, string offsets": ({"text": "北京", "label": [["0", "1", "LOC"]]}, '["0", "1"]'),
    "Label Studio, another text": (
        make_task("北京市", [{"start": 0, "end": 2, "text": "京市", "labels": ["LOC"]}]),
        '"北京"',
        '"京市"',
    ),
    "Label Studio, several texts": ({"data": {"a": "北", "b": "京"}, "annotations": []}, 'no "text"', "data"),
    "Label Studio, spans in HTML": (
        {"data": {"text": "北京"}, "annotations": [{"result": [{"type": "hypertextlabels", "value": {}}]}]},
        "hypertextlabels",
        "Text tag",
    ),
    "Label Studio, no result": ({"data": {"text": "北京"}, "annotations": [{"id": 1}]}, "found null", '"result"'),
    "Label Studio, annotation ids": ({"data": {"text": "北京"}, "annotations": [1]}, "found [1]"),
    "no text": ({"sentence": "北京", "entities": []}, 'no "text"', "sentence, entities"),
    "neither entities nor label": ({"text": "北京", "id": 4}, '"entities"', "text, id"),
    "keywords that are numbers": ({"text": "北京", "keywords": [1, "北京"]}, 'found [1, "北京"]', "a list of keywords"),
    "no keywords known": ({"text": "北京", "keywords": None}, "found null", "a list of keywords"),
    "keywords in a doubtful string": ({"text": "北京", "keywords": "北,京"}, "doubtful", '"|"'),
    "null": ({"text": "北京", "label": None}, "found null"),
    "no object": (["北京"], 'found ["北京"]', '"entities"'),
}


@pytest.mark.parametrize("case", BAD_OBJECTS)
def test_a_bad_object_is_named_by_its_line_and_item(tmp_path, case):
    item, *parts = BAD_OBJECTS[case]
    good = as_ours()[0]
    refuse(tmp_path, json.dumps(good) + "\n\n" + json.dumps(item) + "\n", ", line 3: ", *parts)
    refuse(tmp_path, f"[\n{json.dumps(good)},\n{json.dumps(item)}]", ", line 3 (item 2): ", *parts)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ('{"text": "北京", "entities": []}\n{"text": \n', "line 2: not one JSON object"),
        ('[{"text": "北京", "entities": []},\n{"text": }]', "line 2 (item 2): the list's item is not JSON"),
        ('\n\n[{"text": }]', "line 3 (item 1)"),
        ('[{"text": "北京", "entities": []}\n{"text": "北京"}]', "line 2: found '{"),
        ('[{"text": "北京", "entities": []}', "line 1: the file ends"),
        ('[{"text": "北京", "entities": []}]\n\n{}', "line 3: something stands behind"),
    ],
)
def test_broken_json_is_named(tmp_path, content, part):
    refuse(tmp_path, content, part)


def test_a_text_may_hold_the_words_of_a_header(tmp_path):
    items = [{"text": "a,label,text,b", "entities": []}]
    assert read(tmp_path, to_lines(items)) == [("a,label,text,b", [])]
    assert read(tmp_path, "label,text\nB-x I-x I-x I-x I-x O O O O O\n") == [("label,text", [Entity(0, 5, "x")])]
