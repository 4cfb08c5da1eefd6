"""Trains a keyword extractor on texts with gold keywords, for keyword_extract.py: python keyword_train.py"""

from zhlabel.environment import require_environment

require_environment()  # first, so that a missing package ends in one sentence

from zhlabel.cli.commands import write_command
from zhlabel.cli.progress import TerminalProgress
from zhlabel.cli.settings import run_script
from zhlabel.keywords.settings import TRAINING_LIMITS, KeywordTrainingSettings
from zhlabel.keywords.train import train_keywords

METHOD = "ranker"  # ranker: boosted trees over many features; kea: naive Bayes over two
TRAIN_FILE = "data/keywords.train.jsonl"  # .csv .jsonl .xlsx .parquet ...; columns content and keywords (a; b)
FOLDS = 5  # parts of the cross-validation that is printed before the training on all texts; 0: none
TEXT_COLUMN = ""  # "": the one with a usual name (content text 文本 ...); "title,abstract" are joined by a line end
LANGUAGE = ""  # zh or en; "": told text by text
STOP_WORDS = ""  # a file of words that never begin or end a keyword, one a line; "": ours
USER_DICTIONARY = ""  # Chinese words that jieba shall know, one a line, as it reads them
FREQUENCIES = ""  # a table of document frequencies, of other texts than TRAIN_FILE's; "": counted in TRAIN_FILE
SEED = 1  # of parts and trees
RUN = ""  # the folder to write, or a name under runs/; "": runs/keywords-<method>-<n>


def main(settings):
    folder = train_keywords(KeywordTrainingSettings(**vars(settings)), progress=TerminalProgress())
    print("next:", write_command("keyword_extract.py", method=settings.method, run=folder))


if __name__ == "__main__":
    run_script(main, globals(), limits=TRAINING_LIMITS)
