"""Chinese text in, labels out. The files in the order of the data flow; importing this package imports nothing.

errors.py       InputError: something the user can put right
environment.py  is this the right Python, with all packages? one sentence if not
settings.py     a script's constants + command line -> immutable values
files.py        text in any encoding; files that appear whole or not at all
tables.py       comma- and tab-separated text -> rows with their line numbers
examples.py     labelled data files -> Example records that remember file and line
texts.py        unlabelled texts from files of any size, one at a time
labels.py       ordered label names <-> ids, label.json
splits.py       a seeded dev share in which every label keeps its proportion
tokens.py       text -> token ids and the character span of each token
batches.py      texts of like length together, each exactly once, padded
backend.py      the one door to TensorFlow, tf-keras and bert4keras
checkpoints/    a folder -> family, config, table of its variables
encoder.py      builds the encoder and fills every weight, or stops
heads.py        CLS + sigmoid Dense
training.py     compile and fit; keeps the best epoch by the dev score; resumes
tasks.py        one table: for each task its targets, head, loss, decision, score
runs.py         save and load a run; a loaded run gives probabilities and decisions
decisions.py    probabilities -> labels; thresholds
metrics.py      numbers: exact match, Hamming loss, precision, recall, F1
reports.py      numbers -> text table, json, csv, the training curve
writers.py      predictions -> csv, JSON lines, parquet; goes on after a stop
"""
