"""Scores keywords against gold ones: precision, recall and F1 at 5, 10, M and O, mean average precision.

As Gallina, Boudin and Daille, "Large-Scale Evaluation of Keyphrase Extraction Models" (2020), and Meng et al., "Deep
Keyphrase Generation" (2017), define them; the cuts M and O as Yuan et al., "One Size Does Not Fit All" (2020).
``scoreboard.DEFINITIONS`` has them in words.
"""

import functools
import itertools
import re
import unicodedata
from collections import Counter
from typing import NamedTuple

from zhlabel.keywords.text.words import CHINESE, WordReader

JUDGED_KEYWORDS = 50  # of a text, at most: enough for F1 at 10 and at the number of gold keywords, whatever TOP_K is
_CUTS = ("5", "10", "M", "O")
FIGURES = (*(f"{figure}@{cut}" for cut in _CUTS for figure in ("precision", "recall", "f1-score")), "MAP", "acc")
_COUNTS = ("texts_without_gold", "gold", "absent", "absent_as_words", "keywords")
_BLANKS = re.compile(r"\s+")
_BLANKS_BESIDE_CHINESE = re.compile(f"(?<=[{CHINESE}]) | (?=[{CHINESE}])")
_BORDER = "\0"  # stands in no word


class Gold(NamedTuple):
    """The gold keywords of one text, in the forms in which they are compared.

    Attributes:
        language: "zh" or "en", the text's.
        exact: their exact forms, each once.
        loose: their stems (English) or exact forms (Chinese), each once.
        absent: how many exact forms stand nowhere in the text.
        absent_as_words: how many are no sequence of the text's whole words, compared by stems in English.
    """

    language: str
    exact: tuple
    loose: tuple
    absent: int
    absent_as_words: int


def prepare_gold(document, keywords):
    """Bring the gold keywords of a text into the forms in which they are compared.

    Args:
        document: a Document.
        keywords: strings; None or none at all: the text has no gold keywords.

    Returns:
        Gold.
    """
    exact = _list_exact(keywords or ())
    text = normalize(document.text)
    return Gold(
        document.language,
        exact,
        _list_loose(document.language, keywords or ()),
        sum(each not in text for each in exact),
        sum(not each for each in _stand_as_words(document, exact)),
    )


class Scorer:
    """Scores one method's keywords over any number of texts, whose figures are added up: memory does not grow.

    Texts without gold keywords are counted and left out. All figures are means over the other texts, so that each text
    weighs the same.

    >>> from zhlabel.keywords.text.words import WordReader
    >>> document, scorer = WordReader().read("Neural networks classify texts."), Scorer()
    >>> scorer.add(prepare_gold(document, ["neural network", "texts"]), ["texts", "neural networks"])
    >>> figures = scorer.summarize()
    >>> figures["exact"]["recall@5"], figures["loose"]["recall@5"]
    (0.5, 1.0)
    """

    def __init__(self):
        self._counts = Counter()
        self._languages = Counter()
        self._sums = {"exact": Counter(), "loose": Counter()}

    def add(self, gold, keywords, *, answer=None):
        """Score the keywords of one more text.

        Args:
            gold: Gold.
            keywords: the method's keywords as strings, best first; those that are equal under the match count once.
            answer: how many of them are the method's answer, which M and acc are about; None: all.
        """
        if not gold.exact:
            self._counts["texts_without_gold"] += 1
            return
        self._languages[gold.language] += 1
        exact, loose = _list_exact(keywords), _list_loose(gold.language, keywords)
        self._counts.update(keywords=len(exact), gold=len(gold.exact))
        self._counts.update(absent=gold.absent, absent_as_words=gold.absent_as_words)
        may_contain = gold.language == "zh"
        self._sums["exact"].update(_score(find_hits(exact, gold.exact), len(gold.exact), answer))
        hits = find_hits(loose, gold.loose, may_contain=may_contain)
        self._sums["loose"].update(_score(hits, len(gold.loose), answer))

    def summarize(self):
        """Return the figures of all texts so far.

        Returns:
            A dict: ``texts`` (scored ones), ``texts_without_gold``, ``languages`` ({language: texts}), ``gold`` (gold
            keywords), ``absent`` and ``absent_as_words`` (of them, as in Gold), ``keywords`` (the method's), and for
            each of the matches ``exact`` and ``loose`` a dict with the names of FIGURES: fractions, 0 where no text was
            scored.
        """
        texts = self._languages.total()
        return {
            "texts": texts,
            **{name: self._counts[name] for name in _COUNTS},
            "languages": dict(self._languages),
            **{match: {name: sums[name] / max(texts, 1) for name in FIGURES} for match, sums in self._sums.items()},
        }


def normalize(text):
    """Return a text's exact form: NFKC (full width becomes half), case folded, blanks single, none beside Chinese.

    Args:
        text: a text or keyword.

    >>> normalize(" ＢＥＲＴ  模型 "), normalize("Deep  Learning")
    ('bert模型', 'deep learning')
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    return _BLANKS_BESIDE_CHINESE.sub("", _BLANKS.sub(" ", text).strip())


def find_hits(keywords, gold, *, may_contain=False):
    """Return of each keyword in turn whether one more gold keyword is found with it.

    Keywords and gold keywords are paired, each used at most once, in as many pairs as can be made of the keywords up to
    this one. So the hits among the first K are the most that these K can find, and never more than K or the gold ones.

    Args:
        keywords: forms, best first, each once.
        gold: forms, each once.
        may_contain: whether a pair also fits if one of the two contains the other.

    Returns:
        A list of booleans, one a keyword.

    >>> find_hits(["学习", "深度学习"], ["深度学习", "学习率"], may_contain=True)
    [True, True]
    """
    partners = {}  # gold -> number of the keyword it is paired with

    def pair(number, tried):
        """Find a gold keyword for this one; who holds it looks for another (Kuhn 1955)."""
        keyword = keywords[number]
        for each in gold:
            if each not in tried and (each == keyword or (may_contain and (each in keyword or keyword in each))):
                tried.add(each)
                if each not in partners or pair(partners[each], tried):
                    partners[each] = number
                    return True
        return False

    return [pair(number, set()) for number in range(len(keywords))]


def _score(hits, gold, answer):
    """Return the figures of one text by its hits by rank and the numbers of its gold and of the answer's keywords."""
    figures = {}
    for cut in _CUTS:
        given = hits[: {"M": answer, "O": gold}[cut] if cut in "MO" else int(cut)]
        found = sum(given)
        figures[f"precision@{cut}"] = found / len(given) if given else 0
        figures[f"recall@{cut}"] = found / gold
        figures[f"f1-score@{cut}"] = 2 * found / (len(given) + gold)
    figures["MAP"] = sum(sum(hits[:rank]) / rank for rank, hit in enumerate(hits, 1) if hit) / gold
    figures["acc"] = figures["recall@M"]
    return figures


def _list_exact(keywords):
    return tuple(dict.fromkeys(form for form in map(normalize, keywords) if form))


def _list_loose(language, keywords):
    if language == "zh":
        return _list_exact(keywords)
    return tuple(dict.fromkeys(form for form in map(_stem_words, keywords) if form))


def _stem_words(keyword):
    return tuple(word.norm for word in _load_english_reader().read(normalize(keyword)).words)


@functools.cache
def _load_english_reader():
    return WordReader(language="en")


def _stand_as_words(document, forms):
    """Yield of each exact form whether it is a sequence of whole words: by stems in English, by borders in Chinese."""
    words = normalize(_BORDER.join(word.norm for word in document.words)).split(_BORDER)
    if document.language == "en":
        text = _BORDER.join(["", *words, ""])
        yield from (_BORDER.join(["", *_stem_words(form), ""]) in text for form in forms)
        return
    text, borders = "".join(words), set(itertools.accumulate(map(len, words), initial=0))
    for form in forms:
        letters = form.replace(" ", "")
        yield any({start, start + len(letters)} <= borders for start in _find_all(letters, text))


def _find_all(part, text):
    start = text.find(part)
    while start >= 0:
        yield start
        start = text.find(part, start + 1)
