"""Scores a linear model on character n-grams: python -m benchmarks.linear_baseline data/train.csv data/test.csv"""

import sys

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from zhlabel.examples import read_examples
from zhlabel.labels import collect_labels, encode_labels
from zhlabel.metrics import score_multi_label
from zhlabel.reports import format_table


def main(train_file, test_file):
    train, test = read_examples(train_file), read_examples(test_file)
    names = collect_labels([*train, *test])
    features = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=2)
    model = OneVsRestClassifier(LinearSVC())
    model.fit(features.fit_transform(example.text for example in train), encode_labels(train, names))
    decided = model.predict(features.transform(example.text for example in test)).astype(bool)
    print(format_table(score_multi_label(decided, encode_labels(test, names), names)))


if __name__ == "__main__":
    main(*sys.argv[1:])
