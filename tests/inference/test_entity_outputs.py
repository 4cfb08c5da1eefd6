"""What prediction writes of entities: read again as it was, in every form, with every odd name and text."""

import pytest
import toy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhlabel.data.entities import read_entity_examples
from zhlabel.data.entities.borders import is_bare
from zhlabel.data.tags import Entity
from zhlabel.inference.writers import open_writer

ENDINGS = (".bio", ".bio.gz", ".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet")
TYPES = (
    "LOC",
    "Org Name",
    "a-b",
    "x_y",
    'q"t',
    "a|b,c;d",
    "O",
    "B-x",
    "x O",
    "B-x I-y",
    "人　名",
    "#",
    "[{",
    "-",
    "__label__",
)
ODD = "\t \u3000\u200b[]{}\"',:#|\\-12OBIab北京😀é字text"
TEXTS = (
    "",
    "\t",
    " ",
    "1",
    "O",
    "O O",
    "-DOCSTART- O",
    "text,label",
    "[1]",
    '{"text": "北京"}',
    "# 北京",
    "1 2 3",
    "字",
    "B-x",
)


def make_result(text, *spans):
    entities = [
        {"start": start, "end": end, "type": name, "text": text[start:end], "probability": 0.5}
        for start, end, name in spans
    ]
    return {"text": text, "entities": entities}


def round_trip(path, results):
    with open_writer(path, form="entities", job={}) as writer:
        writer.write(results)
    return [(each.text, list(each.entities)) for each in read_entity_examples(path, warn=pytest.fail)]


def lay_out(results):
    return [
        (each["text"], [Entity(entity["start"], entity["end"], entity["type"]) for entity in each["entities"]])
        for each in results
    ]


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_odd_type_and_text_is_read_as_it_was_written(tmp_path, ending):
    results = [make_result(f"去{name}吧", (1, 1 + len(name), name)) for name in TYPES] + [*map(make_result, TEXTS)]
    path = tmp_path / f"a{ending}"
    assert round_trip(path, results) == lay_out(results)
    for result in results:  # alone, nothing else in the file tells its form
        assert round_trip(path, [result]) == lay_out([result])


PIECES = st.lists(st.tuples(st.text(ODD, min_size=1, max_size=4), st.sampled_from(["", *TYPES])), max_size=5)


def join_pieces(pieces):
    """Return a result of the pieces that have a type and could have been found."""
    spans, text = [], ""
    for piece, name in pieces:
        if name and not is_bare(piece[0]) and not is_bare(piece[-1]):
            spans.append((len(text), len(text) + len(piece), name))
        text += piece
    return make_result(text, *spans)


@pytest.mark.parametrize("ending", (".bio", ".jsonl", ".csv", ".parquet"))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(results=st.lists(PIECES.map(join_pieces), min_size=1, max_size=4))
def test_results_survive_their_file(tmp_path, ending, results):
    assert round_trip(tmp_path / f"a{ending}", results) == lay_out(results)


def test_line_ends_in_a_text_become_blanks_in_bio_and_stay_elsewhere(tmp_path):
    result = make_result("北\r\n京", (0, 4, "LOC"))
    assert round_trip(tmp_path / "a.bio", [result]) == [("北  京", [Entity(0, 4, "LOC")])]
    assert round_trip(tmp_path / "a.csv", [result]) == lay_out([result])


@pytest.mark.parametrize("name", ["a\tb", "a\nb"])
def test_a_type_that_would_end_its_cell_is_refused(tmp_path, name):
    message = toy.refuse(round_trip, tmp_path / "a.bio", [make_result("北京", (0, 2, name))])
    assert repr(name) in message and ".jsonl" in message
    assert round_trip(tmp_path / "a.jsonl", [make_result("北京", (0, 2, name))])[0][1] == [Entity(0, 2, name)]
