"""Keyword extraction: a text -> words -> candidates -> scored keywords with their places in the text.

text/        words with normal form, kind and place (Chinese by jieba, English by its spelling); candidates among them
corpus/      in how many documents a phrase occurs; topics of a corpus
methods/     statistics of phrases, PageRank over words and over phrases, vectors, a trained tagger
supervised/  gradient boosting and naive Bayes that learn from gold keywords
evaluation/  precision, recall, F1 at 5, 10, M, O against gold keywords
registry.py  one table: for each method its function and what it needs
settings.py  what the two scripts can be told
prepare.py   what methods need of a corpus or of a training, made or found
train.py     reads texts with gold keywords, cross-validates, trains, keeps the result
extract.py   methods on texts -> keywords, best first; in several processes
job.py       texts of a file or a program -> keywords, written, shown and judged
"""
