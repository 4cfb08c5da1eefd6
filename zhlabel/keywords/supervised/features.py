"""Candidates of a document -> a row of numbers each, by which the ranker orders them."""

from collections import Counter

import numpy as np

from zhlabel.keywords.corpus.frequencies import read_jieba_frequencies
from zhlabel.keywords.supervised.priors import join_norms, tell_keys
from zhlabel.keywords.supervised.views import KIND_NUMBERS, NONE_NUMBER, STOP_NUMBER, look
from zhlabel.keywords.text.kinds import ADJECTIVE, MARK, NOUN, OTHER


def measure(document, candidates, *, frequencies, priors, own=0):
    """Measure the C candidates of a document.

    Args:
        document: a Document.
        candidates: its Candidates, at least one.
        frequencies: Frequencies of the training texts.
        priors: Priors of training texts, this document not among them.
        own: 1 if this document was counted in the frequencies, else 0; it is taken out.

    Returns:
        float32 [C, F], and the F features' names.
    """
    view = look(document, candidates)
    columns = {
        **_measure_numbers(view, frequencies, own),
        **_measure_places(view),
        **_measure_shape(view),
        **_measure_neighbours(view, priors),
        **_measure_words(view, frequencies, priors, own),
        **_measure_priors(view, priors),
        **_measure_nesting(view),
    }
    return np.stack(list(columns.values()), axis=1).astype(np.float32), list(columns)


def _measure_numbers(view, frequencies, own):
    """How often it stands here, in how many other documents, and its TF-IDF among those of the others."""
    documents = frequencies.documents - own
    others = np.array([max(0, frequencies.count(each.norms) - own) for each in view.candidates])
    rarity = np.log2((1 + documents) / (1 + others))
    weights = view.numbers * rarity
    ranks = np.empty(len(weights))
    ranks[np.argsort(-weights, kind="stable")] = np.arange(len(weights))
    without_first = _count_others(view, frequencies, own, slice(1, None))
    without_last = _count_others(view, frequencies, own, slice(None, -1))
    return {
        "number": view.numbers,
        "relative_number": view.numbers / view.numbers.max(),
        "share_of_documents": others / max(documents, 1),
        "rarity": rarity,
        "tfidf": weights,
        "relative_tfidf": weights / max(weights.max(), 1e-9),
        "tfidf_rank": ranks,
        "share_of_end": (others + 0.1) / (without_first + 0.5),
        "share_of_beginning": (others + 0.1) / (without_last + 0.5),
    }


def _count_others(view, frequencies, own, part):
    """Return the numbers of other documents that have a part of each candidate; of an empty part, all of them."""
    documents = frequencies.documents
    return np.array(
        [
            max(0, (frequencies.count(each.norms[part]) if len(each.norms) > 1 else documents) - own)
            for each in view.candidates
        ]
    )


def _measure_places(view):
    """Where it stands in the document and in its sentences; a title is the first or the last one."""
    count, first, last = len(view.sentences), view.firsts, view.lasts
    final = view.sentences[-1]
    return {
        "first": first / count,
        "last": last / count,
        "words_before": np.log1p(first),
        "words_behind": np.log1p(count - 1 - last),
        "spread": (last - first) / count,
        "in_first_sentence": view.add_up(view.sentences[view.starts] == 0),
        "in_last_sentence": view.add_up(view.sentences[view.starts] == final),
        "words_to_sentence_start": first - view.sentence_starts[first],
        "words_to_sentence_end": view.sentence_ends[first] - first - view.lengths,
        "last_words_to_sentence_start": last - view.sentence_starts[last],
        "last_words_to_sentence_end": view.sentence_ends[last] - last - view.lengths,
        "words_of_its_last_sentence": (view.sentence_ends - view.sentence_starts)[last],
        "words_of_first_sentence": np.full(len(first), view.sentence_ends[0]),
        "words_of_last_sentence": np.full(len(first), count - view.sentence_starts[-1]),
        "words_of_document": np.full(len(first), count),
        "candidates": np.full(len(first), len(first)),
    }


def _measure_shape(view):
    """Length, kinds of words, capitals, script."""
    words, text = view.document.words, view.document.text
    begins = np.array([word.start for word in words])
    ends = np.array([word.end for word in words])
    shapes = [text[words[a].start : words[a + n - 1].end] for a, n in zip(view.firsts, view.lengths, strict=True)]
    is_upper = np.array([text[word.start].isupper() for word in words])
    kinds = view.kinds[view.inside]
    return {
        "words": view.lengths,
        "characters": ends[view.firsts + view.lengths - 1] - begins[view.firsts],
        "first_kind": view.kinds[view.firsts],
        "last_kind": view.kinds[view.firsts + view.lengths - 1],
        "nouns": ((kinds == KIND_NUMBERS[NOUN]) & view.is_word).sum(axis=1),
        "others": ((kinds == KIND_NUMBERS[OTHER]) & view.is_word).sum(axis=1),
        "stop_words": ((kinds == STOP_NUMBER) & view.is_word).sum(axis=1),
        "capitals": view.average(is_upper[view.starts] & (view.starts != view.sentence_starts[view.starts])),
        "is_ascii": np.array([shape.isascii() for shape in shapes]),
        "has_digit": np.array([any(map(str.isdigit, shape)) for shape in shapes]),
    }


def _measure_neighbours(view, priors):
    """What stands beside it: gaps, nouns, and words that gold keywords stood beside."""
    before, behind = np.maximum(view.starts - 1, 0), np.minimum(view.ends + 1, len(view.kinds) - 1)
    left = np.where(view.starts == view.sentence_starts[view.starts], NONE_NUMBER, view.kinds[before])
    right = np.where(view.ends + 1 == view.sentence_ends[view.ends], NONE_NUMBER, view.kinds[behind])
    gaps = (KIND_NUMBERS[MARK], STOP_NUMBER, NONE_NUMBER)
    names = (KIND_NUMBERS[NOUN], KIND_NUMBERS[ADJECTIVE])
    norms = [word.norm for word in view.document.words]
    rates = {}
    for family, kinds, places in (("left", left, before), ("right", right, behind)):
        by_norm = {norm: priors.rate(family, norm) for norm in ["", *norms]}
        of_words = np.array([by_norm[norm] for norm in norms])
        rates[family] = np.where(kinds == NONE_NUMBER, by_norm[""], of_words[places])
    heads = np.concatenate([[0], np.cumsum(view.numbers)[:-1]])  # each candidate's first place among the P
    return {
        "gap_left": view.average(np.isin(left, gaps)),
        "gap_right": view.average(np.isin(right, gaps)),
        "alone": view.add_up(np.isin(left, gaps) & np.isin(right, gaps)),
        "noun_left": view.average(np.isin(left, names)),
        "noun_right": view.average(np.isin(right, names)),
        "prior_left": view.average(rates["left"]),
        "prior_right": view.average(rates["right"]),
        "prior_first_left": rates["left"][heads],
        "prior_first_right": rates["right"][heads],
    }


def _measure_words(view, frequencies, priors, own):
    """The lowest, highest and mean values of its words: rarity, number here, shares of gold ones."""
    words = view.document.words
    numbers = Counter(word.norm for word in words)
    general = read_jieba_frequencies() if view.document.language == "zh" else None
    golds = priors.tables["word"][1]
    by_norm = {
        norm: (
            frequencies.weigh((norm,), own=own),
            number,
            priors.rate("any", norm),
            np.log1p(golds.get(norm, 0)),
            np.log1p(general.count((norm,))) if general else 0,
            priors.rate("first", norm),
            priors.rate("last", norm),
        )
        for norm, number in numbers.items()
    }
    values = np.array([by_norm[word.norm] for word in words])
    columns = {
        "prior_first_word": values[view.firsts, 5],
        "prior_last_word": values[view.firsts + view.lengths - 1, 6],
    }
    many = view.is_content.sum(axis=1)
    for place, name in enumerate(("rarity", "number", "prior", "golds", "general_frequency")):
        of_words = values[view.inside, place]
        columns[f"least_word_{name}"] = np.where(view.is_content, of_words, np.inf).min(axis=1)
        columns[f"most_word_{name}"] = np.where(view.is_content, of_words, -np.inf).max(axis=1)
        columns[f"mean_word_{name}"] = np.where(view.is_content, of_words, 0).sum(axis=1) / many
    return columns


def _measure_priors(view, priors):
    """How often the phrase was gold, and the shares of gold ones of its pattern, beginning and ending."""
    keys = [tell_keys(view.document, each) for each in view.candidates]
    phrases = priors.tables["phrase"][1]
    golds = np.array([phrases.get(join_norms(each.norms), 0) for each in view.candidates])
    return {
        "golds": golds,
        **{f"prior_{name}": np.array([priors.rate(name, each[name]) for each in keys]) for name in _BY_FORM},
    }


_BY_FORM = ("pattern", "head", "tail")


def _measure_nesting(view):
    """How many of its places are inside one same longer candidate (compare C-value, Frantzi et al. 2000)."""
    left, right = {}, {}
    for each in view.candidates:
        if len(each.norms) > 1:
            for counts, part in ((left, each.norms[1:]), (right, each.norms[:-1])):
                if len(each.places) > counts.get(part, 0):
                    counts[part] = len(each.places)
    longer_left = np.array([left.get(each.norms, 0) for each in view.candidates])
    longer_right = np.array([right.get(each.norms, 0) for each in view.candidates])
    return {
        "longer_left": longer_left / view.numbers,
        "longer_right": longer_right / view.numbers,
        "longer": np.maximum(longer_left, longer_right) / view.numbers,
    }
