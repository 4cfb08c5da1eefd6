"""A report of the toy world with every part that a page can have, and the parts one by one."""

NAMES = ["裁员", "起诉", "财经/交易-出售/收购"]
FIGURES = {"precision": 0.75, "recall": 0.5, "f1-score": 0.6, "support": 8}


def make_report(**more):
    return {
        "run": "runs/tiny-1",
        "task": "multi_label",
        "data": {"file": "data/test.csv", "sha256": "ab" * 32, "texts": 8, "truncated": 1, "windowed": 0},
        "accuracy": 0.625,
        "hamming_loss": 0.00249,
        **dict.fromkeys(("micro avg", "macro avg", "weighted avg", "samples avg"), FIGURES),
        "labels": {name: dict(FIGURES, support=place) for place, name in enumerate(NAMES)},
        "thresholds": {"global": 0.37},
        "baseline": {"always 裁员": {"accuracy": 0.125, "hamming_loss": 0.3, "micro f1-score": 0.2}},
        "seconds": 0.5,
        "texts_per_second": 16.0,
    } | more


EMPTY = {"sweep": [], "curves": {}, "errors": [], "error_total": 0, "confusions": [], "suspects": [], "history": []}
STEPS = [(0.12, -2.0), (0.5, 0.0), (0.88, 2.0)]
ERROR = {"line": 2, "kind": "missed", "label": "裁员", "text": "云岭机械宣布裁员", "probability": "0.1000"}
FULL = {
    "sweep": [{"threshold": t, "logit": x, "precision": t, "recall": 1 - t, "f1-score": 0.4} for t, x in STEPS],
    "curves": {"all labels": [[0, 1], [0.5, 0.9], [1, 0.2]], "起诉": [[0, 1], [1, 0.5]]},
    "errors": [ERROR],
    "error_total": 4321,
    "confusions": [{"gold": "裁员", "instead": "", "texts": 3}, {"gold": "裁员", "instead": "起诉", "texts": 2}],
    "suspects": [{"line": 9, "label": "起诉", "gold": True, "probability": 0.01, "text": "存疑的句子"}],
    "history": [{"epoch": i, "loss": 1 / i, "dev_score": i / 5} for i in (1, 2, 3)],
}
BIN = {"low": 0.5, "high": 1.0, "count": 7, "mean_probability": 0.8, "share_right": 0.9}
FULL_REPORT = make_report(
    relaxed={"no label too many": 0.7011},
    ranking={"coverage error": 1.4182, "texts": 7},
    intervals={"micro f1-score": [0.5511, 0.6522]},
    calibration={"events": "each label of each text", "brier": 0.0123, "ece": 0.0456, "bins": [BIN]},
    notes=["三条文本没有标签"],
    checkpoint="my_albert",
    date="2026-11-28T21:00:00+00:00",
    settings={"seed": 1234, "epochs": 77, "batch_size": 16, "lora_targets": ["key", "value"]},
    changed=["seed", "epochs", "lora_targets"],
    labels={
        name: dict(
            FIGURES,
            false_positives=4001,
            false_negatives=4002,
            average_precision=0.8811,
            roc_auc=None,
            train_texts=20,
            threshold=0.25 + place,
        )
        for place, name in enumerate(NAMES)
    },
    data=make_report()["data"] | {"max_length": 64, "lengths": {"edges": [0, 32, 64, 96], "texts": [3, 4, 1]}},
)
