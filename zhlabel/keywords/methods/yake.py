"""YAKE: how much a word looks like a keyword, from its own text alone (Campos, Mangaravite, Pasquali et al. 2020)."""

import math
from collections import Counter, defaultdict
from statistics import fmean, median, pstdev
from typing import NamedTuple

from zhlabel.keywords.text.candidates import find_ngrams
from zhlabel.keywords.text.kinds import MARK

_COMPARED = 50  # so many of the best are freed of near-equals: each is compared with all better ones
# Words of the longest n-gram. The paper's 3 makes phrases too long of Chinese words, which are short themselves: on
# abstracts (CSL) F1@10 is 0.075 with 3, 0.138 with 2.
_LONGEST = {"en": 3, "zh": 2}


class _Statistics(NamedTuple):
    """What one pass over a document's words gives.

    Attributes:
        counts: {norm: places}.
        sentences: {norm: set of the numbers of its sentences}.
        capitals: {norm: the higher number of its places all in capitals, and capitalised within a sentence}.
        pairs: {(norm, norm of the next word): places}, across no mark.
        stops: norms that stop words alone have.
    """

    counts: dict
    sentences: dict
    capitals: dict
    pairs: dict
    stops: set


def score_yake(document, *, most_alike=0.9):
    """Score n-grams by their words' casing, place, frequency, contexts and spread over sentences.

    N-grams have up to three words, in Chinese two, and no word with a digit. A stop word within an n-gram counts by how
    surely it stands between its neighbours. Of the best fifty, those more alike than ``most_alike`` to a better one are
    left out.

    Args:
        document: a Document.
        most_alike: 0 to 1, as 1 minus the edit distance over the longer one's characters; 1 keeps all.

    Returns:
        A list of (Candidate, score); the score is 1 over the paper's, so that higher is better.
    """
    candidates = find_ngrams(document, longest=_LONGEST[document.language], stop_words_inside=True)
    candidates = [each for each in candidates if all(map(_is_plain, each.norms))]
    if not candidates:
        return []
    statistics = _gather_statistics(document)
    weights = _weigh_words(statistics, 1 + document.words[-1].sentence)
    scored = [(each, 1 / _rate_candidate(each, weights, statistics)) for each in candidates]
    scored.sort(key=lambda pair: -pair[1])
    joint = "" if document.language == "zh" else " "
    return _drop_near_equals(scored[:_COMPARED], joint, most_alike) + scored[_COMPARED:]


def _is_plain(norm):
    return any(map(str.isalpha, norm)) and not any(map(str.isdigit, norm))


def _gather_statistics(document):
    counts, pairs = Counter(), Counter()
    norms = {True: set(), False: set()}  # of stop words, of others
    sentences, acronyms, names = defaultdict(set), Counter(), Counter()
    previous = None
    for word in document.words:
        if word.kind == MARK:
            previous = None if previous is None else previous._replace(kind=MARK)
            continue
        shape = document.text[word.start : word.end]
        begins = previous is None or previous.sentence != word.sentence
        counts[word.norm] += 1
        sentences[word.norm].add(word.sentence)
        norms[word.is_stop].add(word.norm)
        acronyms[word.norm] += len(shape) > 1 and shape.isupper()
        names[word.norm] += not begins and len(shape) > 1 and shape[0].isupper() and shape[1:].islower()
        if not begins and previous.kind != MARK and _is_plain(previous.norm) and _is_plain(word.norm):
            pairs[previous.norm, word.norm] += 1
        previous = word
    capitals = {norm: max(acronyms[norm], names[norm]) for norm in counts}
    return _Statistics(counts, sentences, capitals, pairs, norms[True] - norms[False])


def _weigh_words(statistics, sentence_count):
    """Return {norm: weight}, small for a word that looks like a keyword: H of the paper."""
    before, after = _measure_variety(statistics.pairs)
    content = [count for norm, count in statistics.counts.items() if norm not in statistics.stops]
    usual = fmean(content) + pstdev(content)
    commonest = max(statistics.counts.values())
    weights = {}
    for norm, count in statistics.counts.items():
        position = math.log(math.log(3 + median(statistics.sentences[norm])))
        # A word that has many different neighbours behaves as stop words do.
        relatedness = 1 + (before.get(norm, 0) + after.get(norm, 0)) * count / commonest
        casing = statistics.capitals[norm] / (1 + math.log(count))
        spread = len(statistics.sentences[norm]) / sentence_count
        weights[norm] = position * relatedness / (casing + (count / usual + spread) / relatedness)
    return weights


def _measure_variety(pairs):
    """Return two dicts, for the words before and for those after: {norm: different neighbours / neighbours}."""
    variety = []
    for side in (1, 0):
        different, total = Counter(), Counter()
        for pair, count in pairs.items():
            different[pair[side]] += 1
            total[pair[side]] += count
        variety.append({norm: different[norm] / total[norm] for norm in total})
    return variety


def _rate_candidate(candidate, weights, statistics):
    """Return S of the paper: small for a keyword."""
    product, total, norms = 1.0, 1.0, candidate.norms
    for number, norm in enumerate(norms):
        if 0 < number < len(norms) - 1 and norm in statistics.stops:
            before, after = norms[number - 1], norms[number + 1]
            surety = statistics.pairs[before, norm] / statistics.counts[before]
            surety *= statistics.pairs[norm, after] / statistics.counts[after]
            product *= 2 - surety
            total -= 1 - surety
        else:
            product *= weights[norm]
            total += weights[norm]
    return product / (total * len(candidate.places))


def _drop_near_equals(scored, joint, most_alike):
    """Keep those that are not more alike than ``most_alike`` to one kept before; ``scored`` is sorted, best first."""
    kept, texts = [], []
    for candidate, score in scored:
        text = joint.join(candidate.norms)
        if not any(_are_alike(text, other, most_alike) for other in texts):
            kept.append((candidate, score))
            texts.append(text)
    return kept


def _are_alike(text, other, most_alike):
    """Return whether 1 - edit distance / longer length is above ``most_alike``."""
    if text == other:
        return True
    most_edits = math.ceil((1 - most_alike) * max(len(text), len(other)) - 1e-9) - 1
    if most_edits < 1 or abs(len(text) - len(other)) > most_edits:
        return False
    # So few edits leave one of so many pieces and one more as it is: this spares nearly all the measuring.
    size = -(-len(text) // (most_edits + 1))
    pieces = (text[start : start + size] for start in range(0, len(text), size))
    return any(piece in other for piece in pieces) and _measure_distance(text, other) <= most_edits


def _measure_distance(text, other):
    """Return the edit distance of two texts (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for number, character in enumerate(text, 1):
        before, row[0] = row[0], number
        for place, wanted in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (character != wanted))
    return row[-1]
