"""A ranker that learns from gold keywords: gradient-boosted trees by LambdaMART (Burges 2010; Ke et al. 2017)."""

from dataclasses import dataclass

import numpy as np

from zhlabel.keywords.supervised.features import measure
from zhlabel.keywords.supervised.priors import Priors, mark_gold
from zhlabel.keywords.supervised.views import find_ranked_candidates

_PARTS = 10  # of the training texts; each part's priors are counted on the others
_ROUNDS = 150
_SETTINGS = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 10,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "max_bin": 63,
    "deterministic": True,
    "force_col_wise": True,  # LightGBM would time both ways and choose, so that results differ between machines
    "num_threads": 1,
    "verbose": -1,
}


@dataclass(frozen=True)
class Ranker:
    """What has been learned.

    Attributes:
        booster: LightGBM's Booster.
        priors: Priors of all training texts.
        frequencies: Frequencies of the training texts, or those that were given.
    """

    booster: object
    priors: object
    frequencies: object


def score_ranker(document, *, model):
    """Score n-grams of up to six words by a trained ranker.

    Args:
        document: a Document.
        model: a Ranker.

    Returns:
        A list of (Candidate, score).
    """
    candidates = find_ranked_candidates(document)
    if not candidates:
        return []
    values, _ = measure(document, candidates, frequencies=model.frequencies, priors=model.priors)
    scores = model.booster.predict(values, num_threads=1)
    return list(zip(candidates, scores.tolist(), strict=True))


def train_ranker(examples, *, frequencies, own=1, seed=1):
    """Train a ranker.

    Args:
        examples: (Document, list of tuples of norms: its gold keywords) pairs.
        frequencies: Frequencies.
        own: 1 if the examples were counted in the frequencies, 0 if they were not.
        seed: of the parts, and of the features and candidates that each tree sees.

    Returns:
        A Ranker.
    """
    import lightgbm

    found = [(document, find_ranked_candidates(document), gold) for document, gold in examples]
    found = [(document, candidates, gold) for document, candidates, gold in found if candidates]
    marks = [mark_gold(candidates, gold) for _, candidates, gold in found]
    # No document's own keywords may be in the priors that its candidates are measured by.
    parts = np.random.default_rng(seed).permutation(len(found)) % _PARTS
    counted = [Priors() for _ in range(_PARTS)]
    for (document, candidates, gold), is_gold, part in zip(found, marks, parts, strict=True):
        counted[part].add(document, candidates, is_gold, gold)
    priors = Priors()
    for each in counted:
        priors.merge(each)
    others = [priors.without(each) for each in counted]
    rows, names = [], []
    for (document, candidates, _), part in zip(found, parts, strict=True):
        values, names = measure(document, candidates, frequencies=frequencies, priors=others[part], own=own)
        rows.append(values)
    data = lightgbm.Dataset(
        np.concatenate(rows),
        np.concatenate(marks).astype(int),
        group=[len(each) for each in rows],
        feature_name=names,
        params={"verbose": -1, "max_bin": _SETTINGS["max_bin"]},
    )
    booster = lightgbm.train({**_SETTINGS, "seed": seed}, data, _ROUNDS)
    return Ranker(lightgbm.Booster(model_str=booster.model_to_string()), priors, frequencies)
