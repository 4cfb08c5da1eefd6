"""Reports of the checking on rows in memory, and rows of which nothing is to be said."""

import toy

from zhlabel.checking import counts
from zhlabel.checking.figures import build_report
from zhlabel.data.examples import Example
from zhlabel.data.tags import Entity
from zhlabel.data.tokenizer import Tokenizer
from zhlabel.tasks import TASKS

IDS = {token: i for i, token in enumerate(toy.VOCABULARY)}
TOKENIZER = Tokenizer(IDS)
LETTERS = [token for token in toy.VOCABULARY if len(token) == 1 and not token.isascii()][:20]
# So many different texts of two labels that nothing is to be said of them.
PLAIN = [(a + b, ("裁员",) if i % 2 else ("收购",)) for i, a in enumerate(LETTERS) for b in LETTERS]


def make_part(name, rows, *, task="multi_label", max_length=20, long_text="", batch=7, names=()):
    kind = TASKS[task]
    part = counts.PartCounts(name, f"{name}.csv", by_token=kind.by_token, unknown_id=IDS["[UNK]"], names=names)
    examples = [make_example(text, said, f"{name}.csv", line) for line, (text, said) in enumerate(rows, 2)]
    for first in range(0, len(examples), batch):
        some = examples[first : first + batch]
        texts = [example.text for example in some]
        options = {"max_length": max_length, "long_text": kind.choose("LONG_TEXT", long_text)}
        part.add(some, TOKENIZER.encode(texts, **options))
    return part


def make_example(text, said, file, line):
    entities = tuple(Entity(*each) for each in said if isinstance(each, tuple))
    return Example(text, tuple(dict.fromkeys(each[2] for each in entities)) or tuple(said), file, line, entities)


def check(train, dev=PLAIN, *, task="multi_label", max_length=20, long_text="", positions=40, **more):
    """Return the report on rows of (text, labels or entities)."""
    options = {"task": task, "max_length": max_length, "long_text": long_text}
    parts = [make_part("train", train, **options, **more)]
    if dev is not None:
        parts.append(make_part("dev", dev, **options))
    kind = TASKS[task]
    terms = counts.Terms(kind, max_length, kind.choose("LONG_TEXT", long_text), positions, toy.ROOT / "vocab.txt")
    return build_report(parts, terms)


OTHER = [(text + "！", labels) for text, labels in PLAIN]
