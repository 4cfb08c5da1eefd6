"""Keyword extraction: a text -> words -> candidates -> scored keywords with their places in the text.

words.py             text -> words with normal form, kind and place; Chinese by jieba, English by its spelling
kinds.py             noun, adjective, verb: jieba's by its flags, English ones by lists and endings
english.py           what its neighbours say about the kind of an English word
candidates.py        n-grams and noun phrases that could be keywords
frequencies.py       in how many documents of a corpus each phrase occurs
topics.py            the topics of a corpus, and of a document
graphs.py            words that stand near each other as a graph; PageRank
vectors.py           texts and parts of them as vectors, by the encoder of a checkpoint or run
methods.py           one table: for each method its function and what it needs
firstphrases.py tfidf.py kpminer.py yake.py sgrank.py              statistics of phrases
textrank.py singlerank.py positionrank.py topicalpagerank.py       PageRank over words
topicrank.py multipartiterank.py                                   PageRank over phrases
keybert.py           vectors of phrases beside the text's
views.py features.py priors.py ranker.py      gradient boosting over many features of a phrase
kea.py               naive Bayes over two
tagger.py            sequence labelling: a run of the task ner
learning.py          reads texts with gold keywords, cross-validates, trains
supervised_runs.py   a trained method's folder: named, written, found, loaded
preparation.py       what methods need of a corpus or of a training, made or found
extract.py           methods on texts -> keywords, best first; in several processes
gold.py              texts with their gold keywords from files
scoring.py           precision, recall, F1 at 5, 10, M, O against gold keywords
scoreboard.py        figures of several methods -> table, csv, JSON
"""
