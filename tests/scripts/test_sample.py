"""The bundled sample: large and varied enough, not given away by the label's word, no near copies, spans that fit."""

import collections
import importlib.util
import itertools
import json
import shutil

import pytest
import toy

from zhlabel.data.examples import read_examples

DATA = toy.ROOT / "data"
ITEMS = [json.loads(line) for line in (DATA / "sample.jsonl").read_text(encoding="utf-8").splitlines()]
LABELS = {label for item in ITEMS for label in item["labels"]}
DERIVED = [
    name for split in ("train", "dev", "test") for name in (f"{split}.csv", f"class.{split}.csv", f"ner.{split}.bio")
]


def load_maker(folder):
    """Import make_files.py as it lies in a folder; it writes beside itself."""
    spec = importlib.util.spec_from_file_location("make_files", folder / "make_files.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def find_shares():
    """Return (share, first, second) of every pair of texts with a common 4-gram: shared of the smaller set's."""
    grams = [{item["text"][i : i + 4] for i in range(len(item["text"]) - 3)} for item in ITEMS]
    holders = collections.defaultdict(list)
    for number, each in enumerate(grams):
        for gram in each:
            holders[gram].append(number)
    common = collections.Counter(pair for each in holders.values() for pair in itertools.combinations(each, 2))
    return [(count / min(len(grams[a]), len(grams[b])), a, b) for (a, b), count in common.items()]


def test_the_sample_is_large_enough():
    assert len({item["text"] for item in ITEMS}) == len(ITEMS) >= 1_200
    assert 12 <= len(LABELS) <= 16
    assert all(10 <= len(item["text"]) <= 120 for item in ITEMS)
    assert {item["split"] for item in ITEMS} == {"train", "dev", "test"}


def test_texts_have_several_labels_and_none():
    several = sum(len(item["labels"]) >= 2 for item in ITEMS)
    assert several >= 0.15 * len(ITEMS)
    assert sum(not item["labels"] for item in ITEMS) >= 50
    assert all(len(set(item["labels"])) == len(item["labels"]) for item in ITEMS)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_every_label_occurs_in_every_part(split):
    counts = collections.Counter(label for item in ITEMS if item["split"] == split for label in item["labels"])
    assert set(counts) == LABELS
    assert min(counts.values()) >= (50 if split == "train" else 5)


def test_the_labels_word_does_not_give_the_label_away():
    positives = [(label, item["text"]) for item in ITEMS for label in item["labels"]]
    assert sum(label not in text for label, text in positives) >= 0.3 * len(positives)
    decoys = [item for item in ITEMS if any(label in item["text"] for label in LABELS - set(item["labels"]))]
    assert len(decoys) >= 0.1 * len(ITEMS)


def test_no_two_texts_share_half_of_their_4_grams_and_no_train_and_test_text_a_third():
    shares = find_shares()
    assert len(shares) > 100
    near = [(share, ITEMS[a]["text"], ITEMS[b]["text"]) for share, a, b in shares if share >= 1 / 2]
    assert not near
    leaks = [
        (share, ITEMS[a]["text"], ITEMS[b]["text"])
        for share, a, b in shares
        if share >= 1 / 3 and {ITEMS[a]["split"], ITEMS[b]["split"]} == {"train", "test"}
    ]
    assert not leaks


def test_entities_are_not_empty_in_range_in_order_and_not_overlapping():
    for item in ITEMS:
        end = 0
        for entity in item["entities"]:
            assert set(entity) == {"start", "end", "type"}, item["text"]
            assert end <= entity["start"] < entity["end"] <= len(item["text"]), item["text"]
            piece = item["text"][entity["start"] : entity["end"]]
            assert piece == piece.strip("，。！？；：、“”《》 "), (piece, item["text"])
            end = entity["end"]
    counts = collections.Counter(entity["type"] for item in ITEMS for entity in item["entities"])
    assert set(counts) == {"PER", "ORG", "LOC", "TIME"}
    assert min(counts.values()) >= 300


def test_the_files_are_what_make_files_makes_of_the_master_file(tmp_path):
    for name in ("make_files.py", "sample.jsonl"):
        shutil.copy(DATA / name, tmp_path)
    load_maker(tmp_path).main()
    for name in DERIVED:
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes(), name
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == sorted(
        [*DERIVED, "make_files.py", "sample.jsonl"]
    )


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_the_csv_files_are_read_as_the_master_file_has_them(split):
    found = [(example.text, list(example.labels)) for example in read_examples(DATA / f"{split}.csv")]
    assert found == [(item["text"], item["labels"]) for item in ITEMS if item["split"] == split]


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_the_class_files_hold_the_texts_with_one_label(split):
    found = {example.text: example.labels for example in read_examples(DATA / f"class.{split}.csv")}
    assert found == {
        item["text"]: tuple(item["labels"]) for item in ITEMS if item["split"] == split and len(item["labels"]) == 1
    }


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_the_bio_tags_give_the_spans_back(split):
    blocks = (DATA / f"ner.{split}.bio").read_text(encoding="utf-8").rstrip("\n").split("\n\n")
    items = [item for item in ITEMS if item["split"] == split]
    for block, item in zip(blocks, items, strict=True):
        characters, tags = zip(*(line.split("\t") for line in block.split("\n")), strict=True)
        assert "".join(characters) == item["text"]
        entities = []
        for place, tag in enumerate(tags):
            if tag.startswith("B-"):
                entities.append({"start": place, "end": place + 1, "type": tag[2:]})
            elif tag != "O":
                assert tag == f"I-{entities[-1]['type']}" and entities[-1]["end"] == place, item["text"]
                entities[-1]["end"] += 1
        assert entities == item["entities"], item["text"]
