"""What needs no encoder: constant answers, a linear SVM on characters, a dictionary of the training entities."""

from collections import Counter, defaultdict

import numpy as np

from zhlabel.data.tags import Entity
from zhlabel.metrics.classification import score_multi_class, score_multi_label
from zhlabel.metrics.entities import score_entities
from zhlabel.ngrams.linear import fit_linear, sample_rows

_FEATURES = 50_000  # the weights of 1,000 labels then take 200 MB
_HASHES = 1 << 22  # with 1 << 18 and all n-grams, collisions took DuEE's F1 from 0.88 to 0.76
_BATCH = 10_000  # texts


def score_multi_label_baselines(texts, gold, names, *, commonest, train=None):
    """Score what needs no encoder, so that a reader sees what a figure is worth.

    Args:
        texts: N texts.
        gold: bool array [N, L].
        names: L label names.
        commonest: id of the commonest label of the training data.
        train: the training data as a pair of M texts and bool array [M, L]; None where they are not at hand.

    Returns:
        A dict of baseline ("predicts nothing", "always <label>", with ``train`` "TF-IDF and a linear SVM, trained on
        ...") to accuracy, hamming_loss and micro F1.
    """
    nothing = np.zeros_like(gold)
    always = nothing.copy()
    always[:, commonest] = True
    rows = {"predicts nothing": nothing, f"always {names[commonest]}": always} | _predict_sampled(train, texts, names)
    return {name: _summarise(score_multi_label(decided, gold, names)) for name, decided in rows.items()}


def _summarise(scores):
    return {
        "accuracy": scores["accuracy"],
        "hamming_loss": scores["hamming_loss"],
        "micro f1-score": scores["micro avg"]["f1-score"],
    }


def score_multi_class_baselines(texts, gold, names, *, commonest, train=None):
    """Score what needs no encoder: one label for every text, and a linear model.

    Args:
        texts: N texts.
        gold: int array [N] of label ids.
        names: L label names.
        commonest: id of the commonest label of the training data.
        train: the training data as a pair of M texts and int array [M]; None where they are not at hand.

    Returns:
        A dict of baseline ("always <label>", with ``train`` "TF-IDF and a linear SVM, trained on ...") to accuracy and
        macro F1.
    """
    rows = {f"always {names[commonest]}": np.full_like(gold, commonest)} | _predict_sampled(train, texts, names)
    scored = {name: score_multi_class(decided, gold, names) for name, decided in rows.items()}
    return {
        name: {"accuracy": scores["accuracy"], "macro f1-score": scores["macro avg"]["f1-score"]}
        for name, scores in scored.items()
    }


def score_entity_baselines(texts, gold, names, *, train=None):
    """Score a dictionary of the training entities; that nothing is decided scores 0 by definition.

    Args:
        texts: N texts.
        gold: N lists of Entities, their types among ``names``.
        names: the L types.
        train: the training data as a pair of M texts and M lists of Entities; None where they are not at hand.

    Returns:
        A dict of "a dictionary of the training entities" to micro F1 and macro F1, strict; without ``train`` empty.
    """
    if train is None:
        return {}
    scores = score_entities(predict_dictionary(*train, texts), gold, names)
    row = {f"{average} f1-score": scores[f"{average} avg"]["f1-score"] for average in ("micro", "macro")}
    return {"a dictionary of the training entities": row}


def _predict_sampled(train, texts, names):
    if train is None:
        return {}
    train_texts, train_gold = train
    chosen = sample_rows([len(text) for text in train_texts], labels=len(names))
    share = "the same file"
    if len(chosen) < len(train_texts):
        share = f"{len(chosen):,} of the {len(train_texts):,} texts of the same file"
    decided = predict_linear([train_texts[place] for place in chosen], train_gold[chosen], texts)
    return {f"TF-IDF and a linear SVM, trained on {share}": decided}


def predict_linear(train_texts, train_gold, texts):
    """Learn one linear SVM a label on TF-IDF of character 1- to 4-grams, and decide with it.

    As ``TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=2, max_features=50_000)`` and
    ``LinearSVC()``, but hashed, which keeps memory within bounds. In multi-label every label with a positive margin is
    decided, in multi-class the one with the highest. A label without texts is never decided, one that every text has
    always.

    Args:
        train_texts: M texts, M at least 1.
        train_gold: bool array [M, L] of a multi-label task, or int array [M] of label ids of a multi-class one.
        texts: N texts, N at least 1.

    Returns:
        bool array [N, L] or int array [N].

    Reference: Fan, Chang, Hsieh, Wang & Lin 2008, "LIBLINEAR: A Library for Large Linear Classification", JMLR 9.
    """
    many = train_gold.ndim == 2
    columns = train_gold.T if many else [train_gold == label for label in range(train_gold.max() + 1)]
    features, encode = _fit_features(train_texts)
    weights, biases = fit_linear(features, columns)
    decided = []
    for start in range(0, len(texts), _BATCH):
        margins = encode(texts[start : start + _BATCH]) @ weights + biases
        decided.append(margins > 0 if many else margins.argmax(axis=1))
    return np.concatenate(decided)


def _fit_features(texts):
    """Return the texts' features as a sparse array [M, F] and the function that encodes other texts alike."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    hashes = HashingVectorizer(
        analyzer="char", ngram_range=(1, 4), n_features=_HASHES, norm=None, alternate_sign=False, dtype=np.float32
    )
    counts = hashes.transform(texts)
    frequencies = counts.getnnz(axis=0)
    # Four fifths of DuEE's million n-grams occur in one text, and tell nothing of others.
    most = min(_FEATURES, max(1, np.count_nonzero(frequencies > 1)))
    kept = np.sort(np.argsort(-frequencies, kind="stable")[:most])
    scale = TfidfTransformer(sublinear_tf=True)
    return scale.fit_transform(counts[:, kept]), lambda texts: scale.transform(hashes.transform(texts)[:, kept])


def predict_dictionary(train_texts, train_entities, texts):
    """Find the entities of the training data in other texts by their wording alone.

    A wording is kept when it is an entity in at least half of its occurrences in the training texts (those within
    longer entities count as occurrences), and has its commonest type there, of equal ones the first. From left to right
    the longest wording is taken, without overlap.

    Args:
        train_texts: M texts.
        train_entities: M lists of Entities.
        texts: N texts.

    Returns:
        N lists of Entities by start.

    >>> predict_dictionary(["去北京"], [[Entity(1, 3, "LOC")]], ["北京的北方"])
    [[Entity(start=0, end=2, type='LOC')]]
    """
    types = defaultdict(Counter)
    for text, entities in zip(train_texts, train_entities, strict=True):
        for entity in sorted(set(entities)):
            types[text[entity.start : entity.end]][entity.type] += 1
    lengths = _group_lengths(types)
    occurrences = Counter(text[start:end] for text in train_texts for start, end in _find_words(text, types, lengths))
    kept = {
        word: counts.most_common(1)[0][0]
        for word, counts in types.items()
        if 2 * counts.total() >= occurrences[word] > 0
    }
    lengths = _group_lengths(kept)
    return [_tag_words(text, kept, lengths) for text in texts]


def _group_lengths(words):
    """Give, for each first character, the lengths of the words with it, the longest first."""
    lengths = defaultdict(set)
    for word in words:
        lengths[word[:1]].add(len(word))
    return {first: sorted(group, reverse=True) for first, group in lengths.items()}


def _find_words(text, words, lengths):
    """Yield (start, end) of all occurrences of words, by start, of one start the longest first."""
    for start, first in enumerate(text):
        for length in lengths.get(first, ()):
            end = start + length
            if end <= len(text) and text[start:end] in words:
                yield start, end


def _tag_words(text, types, lengths):
    found, free = [], 0
    for start, end in _find_words(text, types, lengths):
        if start >= free:
            found.append(Entity(start, end, types[text[start:end]]))
            free = end
    return found
