"""One table: for each method its function and what it needs beside the document."""

from collections.abc import Callable
from dataclasses import dataclass

from zhlabel.keywords.methods.frequency import score_first_phrases, score_kpminer, score_tfidf
from zhlabel.keywords.methods.keybert import score_keybert, score_keybert_maxsum, score_keybert_mmr
from zhlabel.keywords.methods.sgrank import score_sgrank
from zhlabel.keywords.methods.tagger import score_tagged
from zhlabel.keywords.methods.topic_graphs import score_multipartiterank, score_topicrank
from zhlabel.keywords.methods.word_graphs import (
    score_positionrank,
    score_singlerank,
    score_textrank,
    score_topicalpagerank,
)
from zhlabel.keywords.methods.yake import score_yake
from zhlabel.keywords.supervised.kea import score_kea
from zhlabel.keywords.supervised.ranker import score_ranker


@dataclass(frozen=True)
class Method:
    """A way to score the candidates of a document.

    Attributes:
        score: (Document, what it needs by keyword) to a list of (Candidate, score), a higher score being better; for
            ``many``, a list of Documents to a list of such lists.
        needs: names of its keyword arguments: "frequencies", "topics", "vectors", "top_k"; "model" or "run" of a
            training.
        many: whether it takes a list of documents at once, as encoders are fast with.
        decides: whether it says itself how many keywords a text has, so that all it gives are its answer.
        keeps_nested: whether phrases inside better ones are keywords too, since it has learned when they are.
    """

    score: Callable
    needs: tuple = ()
    many: bool = False
    decides: bool = False
    keeps_nested: bool = False

    @property
    def is_trained(self):
        """Whether it has learned from texts with gold keywords, so that it needs a run."""
        return bool({"model", "run"} & set(self.needs))


METHODS = {
    "firstphrases": Method(score_first_phrases),
    "tfidf": Method(score_tfidf, ("frequencies",)),
    "kpminer": Method(score_kpminer, ("frequencies",)),
    "yake": Method(score_yake),
    "sgrank": Method(score_sgrank, ("frequencies",)),
    "textrank": Method(score_textrank),
    "singlerank": Method(score_singlerank),
    "positionrank": Method(score_positionrank),
    "topicalpagerank": Method(score_topicalpagerank, ("topics",)),
    "topicrank": Method(score_topicrank),
    "multipartiterank": Method(score_multipartiterank),
    "keybert": Method(score_keybert, ("vectors",), many=True),
    "keybert_mmr": Method(score_keybert_mmr, ("vectors",), many=True),
    "keybert_maxsum": Method(score_keybert_maxsum, ("vectors", "top_k"), many=True),
    "kea": Method(score_kea, ("model",), keeps_nested=True),
    "ranker": Method(score_ranker, ("model",), keeps_nested=True),
    "tagger": Method(score_tagged, ("run",), many=True, decides=True, keeps_nested=True),
}
