"""Multi-class classification: exactly one label for a text, the most probable one."""

from zhlabel import class_reports, decisions, metrics
from zhlabel.labels import encode_classes, weigh_classes
from zhlabel.tasks.multi_label import LONG_TEXTS, pool_outputs, read_labelled, repeat_for_rows
from zhlabel.tasks.task import Task


def _build_model(encoder, names, *, head, seed):
    from zhlabel.heads import build_classifier

    return build_classifier(encoder, len(names), activation="softmax", seed=seed)


def _combine(outputs, table, names, *, long_text, state=None):
    pooled = pool_outputs(outputs, table, names, long_text=long_text)
    return pooled / pooled.sum(axis=1, keepdims=True)  # the highest of several windows do not sum to 1


def _choose_thresholds(probabilities, gold):
    return {}, float((probabilities.argmax(axis=1) == gold).mean())


def _decide(probabilities, thresholds):
    return decisions.decide_classes(probabilities)


def _score(decided, gold, names, *, texts):
    return metrics.score_multi_class(decided, gold, names)


def _format_prediction(text, probabilities, decided, names):
    return {"label": names[decided], "probability": float(probabilities[decided])}


MULTI_CLASS = Task(
    name="multi_class",
    read=read_labelled,
    encode_gold=encode_classes,
    align=repeat_for_rows,
    heads=("cls",),
    build_model=_build_model,
    make_loss=lambda model: "sparse_categorical_crossentropy",
    long_texts=LONG_TEXTS,
    combine=_combine,
    choose_thresholds=_choose_thresholds,
    score_name="accuracy",
    takes_threshold=False,
    decide=_decide,
    score=_score,
    score_baselines=metrics.score_multi_class_baselines,
    format_scores=class_reports.format_class_table,
    list_predictions=class_reports.list_class_predictions,
    list_errors=class_reports.list_class_errors,
    format_prediction=_format_prediction,
    weigh=weigh_classes,
    fewest_labels=2,
    sample="data/class.{}.csv",
)
