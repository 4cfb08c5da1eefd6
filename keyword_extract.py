"""Extracts the keywords of Chinese and English texts: python keyword_extract.py "first text" "second text" """

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

import sys

from zhlabel.cli.progress import TerminalProgress
from zhlabel.cli.settings import run_script
from zhlabel.keywords.job import run_job
from zhlabel.keywords.settings import EXTRACTION_LIMITS, ExtractionSettings

# firstphrases tfidf kpminer yake sgrank textrank singlerank positionrank topicalpagerank topicrank multipartiterank
# keybert keybert_mmr keybert_maxsum; trained ones: kea ranker tagger
METHOD = ["tfidf"]  # one or several of these
INPUT_FILE = ""  # any form that model_predict.py reads; with a column keywords (a|b) the methods are compared
OUTPUT_FILE = ""  # .csv .jsonl .parquet; "": JSON lines on standard output, or the comparison alone
SCORE_FILE = ""  # .json or .csv: the comparison with all its figures; "": it is printed only
TOP_K = 10  # keywords a text, at most
TEXT_COLUMN = ""  # "": the one with a usual name (content text 文本 ...); "title,abstract" are joined by a line end
LANGUAGE = ""  # zh or en; "": told text by text
STOP_WORDS = ""  # a file of words that never begin or end a keyword, one a line; "": the run's, else ours
USER_DICTIONARY = ""  # Chinese words that jieba shall know, one a line, as it reads them
FREQUENCIES = ""  # a table of document frequencies: read, or if absent counted from INPUT_FILE and kept; "": not kept
CHECKPOINT = "albert_tiny"  # keybert: the folder of a checkpoint or run
RUN = ""  # kea, ranker, tagger: the run's folder; "": the newest of the method
PROCESSES = ""  # "": one for each processor; an encoder takes them all for itself
TEXTS = [  # used when nothing else is given; texts on the command line take their place
    "采用轻量级预训练语言模型对中文新闻进行多标签文本分类，在词向量上加入对抗训练，提高了少数类标签的召回率。",
    "A ranker that learns from simple features of candidate phrases outperforms graph-based keyword extraction.",
]


def main(settings):
    run_job(
        ExtractionSettings(**vars(settings)),
        are_given="texts" in settings.given,
        show=lambda line: print(line, flush=not settings.input_file),
        progress=TerminalProgress("text", file=sys.stderr),
    )


if __name__ == "__main__":
    run_script(main, globals(), limits=EXTRACTION_LIMITS, bare="TEXTS", notes=sys.stderr)
