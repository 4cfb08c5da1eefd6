"""A trained tagger's keywords: keyword extraction as sequence labelling (Alzaidy, Caragea & Giles 2019, WWW)."""

import bisect
import math
import re

import numpy as np

from zhlabel.data.tags import mark_legal
from zhlabel.data.windows import stitch_tokens
from zhlabel.decisions.viterbi import score_entities
from zhlabel.keywords.text.candidates import Candidate, find_ngrams, find_spans

_BATCH_SIZE = 16
_INSIDE_WORD = re.compile(r"[A-Za-z0-9]{2}")


def score_tagged(documents, *, run, least=0.2, longest=5):
    """Score phrases by the probability that a tagger gives their places, also those that its best path leaves out.

    The places are those of n-grams, and the entities of the best path, which need not be whole words of a Chinese text.
    A place's probability is the share of all paths' weight that has an entity exactly there. The places of a phrase,
    in any case of letters, are taken for independent: its score is 1 - the product of 1 - p.

    Args:
        documents: N Documents.
        run: a run of the task ner, as ``run.load_run`` gives it; entities of all its types count.
        least: phrases of a lower score are not part of the answer.
        longest: words of the longest n-gram.

    Returns:
        N lists of (Candidate, score), scores 0..1.
    """
    table = run.encode([document.text for document in documents])
    outputs = run.predict_rows(table, batch_size=_BATCH_SIZE)
    decided = run.task.predict(outputs, table, long_text=run.long_text, state=run.state)
    emissions, offsets = stitch_tokens(table, outputs, table.offsets)
    places = [
        _find_tokens(_list_places(document, entities, longest), own)
        for document, entities, own in zip(documents, decided, offsets, strict=True)
    ]
    probabilities = _rate_places(emissions, places, run)
    return [_gather(*each, least) for each in zip(documents, places, probabilities, strict=True)]


def _list_places(document, entities, longest):
    """List the half-open characters of all n-grams and entities; no entity that is part of a Latin word."""
    text = document.text
    places = {span for each in find_ngrams(document, longest=longest) for span in find_spans(document, each)}
    for each in entities:
        if not any(_INSIDE_WORD.match(text, border - 1) for border in (each.start, each.end) if border):
            places.add((each.start, each.end))
    return sorted(places)


def _find_tokens(places, offsets):
    """Return {place: (first token, last token)}; a place that does not begin and end with tokens is left out."""
    begins, ends = offsets.T.tolist()
    firsts = {start: number for number, start in reversed(list(enumerate(begins)))}
    lasts = {end: number for number, end in enumerate(ends)}
    return {(start, end): (firsts[start], lasts[end]) for start, end in places if start in firsts and end in lasts}


def _rate_places(emissions, places, run):
    """Return the probability of an entity of any type at each place, a float array a document."""
    kinds = range(len(run.labels))
    starts, pairs = mark_legal(run.labels)
    transitions = np.zeros(pairs.shape) if run.state is None else run.state
    spans = [[(first, last, kind) for first, last in each.values() for kind in kinds] for each in places]
    found = score_entities(emissions, transitions, starts, pairs, spans)
    return [each.reshape(-1, len(kinds)).sum(axis=1) for each in found]  # a place has one type at a time


def _gather(document, places, probabilities, least):
    """Join the places of each phrase to (Candidate, score)."""
    phrases = {}
    for (start, end), probability in zip(places, probabilities.tolist(), strict=True):
        phrases.setdefault(document.text[start:end].lower(), []).append((start, end, probability))
    scored = []
    for found in phrases.values():
        score = 1 - math.prod(1 - probability for _, _, probability in found)
        if score >= least:
            scored.append((_make_candidate(document, tuple((start, end) for start, end, _ in found)), score))
    return scored


def _make_candidate(document, spans):
    """Build a Candidate of its places, with the normal forms of the first; a cut word has its part in lower case."""
    words, (first_start, first_end) = document.words, spans[0]
    places = tuple(bisect.bisect(words, start, key=lambda word: word.start) - 1 for start, _ in spans)
    norms = []
    for word in words[places[0] :]:
        if word.start >= first_end:
            break
        start, end = max(word.start, first_start), min(word.end, first_end)
        norms.append(word.norm if end - start == word.end - word.start else document.text[start:end].lower())
    return Candidate(tuple(norms), places, spans)
