"""Chinese text in, labels out. The files in the order of the data flow; importing this package imports nothing.

errors.py       InputError: something the user can put right
environment.py  is this the right Python, with all packages? one sentence if not
settings.py     a script's constants + command line -> immutable values
files.py        text in any encoding; files that appear whole or not at all
tables.py       comma- and tab-separated text -> rows with their line numbers
json_records.py a JSON list or JSON lines -> values with their places
examples.py     labelled data files -> Example records that remember file and line
entity_files/   files with entities, in seven forms -> Example records
texts.py        unlabelled texts from files of any size, one at a time
labels.py       ordered label names <-> ids, label.json; the targets of classification
tags.py         entities <-> BIO tags of tokens; which tag may follow which
splits.py       texts divided so that every label keeps its proportion
tokens.py       text -> token ids and the character span of each token; long texts cut or in windows
windows.py      what the windows of a long text say, made one
batches.py      texts of like length together, each exactly once, padded
backend.py      the one door to TensorFlow, tf-keras and bert4keras
checkpoints/    a folder -> family, config, table of its variables
layers.py       bert4keras's layers in fewer operations
encoder.py      builds the encoder and fills every weight, or stops
lora.py         freezes layers; low-rank correction of frozen ones: attach, count, merge
crf.py          the CRF layer and the losses of taggers
heads.py        CLS + Dense; BiLSTM, attention and CRF
optimizer.py    AdamW in one pass, with warm-up, and a rate of its own for the head
precision.py    float32 or bfloat16, by what the device has and what the encoder says
snapshots.py    what a training leaves on disk to go on from
training.py     compile and fit; keeps the best epoch by the dev score; resumes
tasks/          one table: for each task its reader, targets, head, loss, decision, score
datasets.py     what a training learns from and is judged by; the label set
plans.py        what a training is going to be; one process a folder; known again after a stop
runs.py         name, find and save a run
export.py       the run's model as a graph for the light runtime, checked against TensorFlow
light.py        that graph, executed by OpenVINO without TensorFlow
loading.py      a loaded run gives predictions
decisions.py    probabilities -> labels
thresholds.py   the thresholds, chosen by a goal; those of rare labels shrunk
sweep.py        what every threshold would give; precision-recall curves
tuning.py       what is chosen on a run's dev texts: thresholds, temperature
decoding.py     scores of tags -> the best legal path, and the probability of each entity
metrics.py      numbers: exact match, Hamming loss, precision, recall, F1
entity_metrics.py  numbers: entities by type and borders, by length; errors by kind
ranking.py      numbers of the order of probabilities: average precision, ROC AUC, LRAP
calibration.py  do probabilities mean what they say? a temperature that helps
outcomes.py     what was right and wrong in each text, as counts
intervals.py    how far the figures would move with other texts
significance.py  do two runs differ by more than chance?
baselines.py    what needs no encoder
label_errors.py  wrong decisions label by label; what was given instead
suspects.py     gold labels that are probably wrong
evaluation.py   a run on labelled texts: every figure, every file
comparison.py   several runs on several files
comparison_tables.py  the same as text and csv
reports.py      numbers -> text table, json, csv
drawings.py     the training curve and the sweep as pictures
page/           an evaluation as one page to look at: report.html
class_reports.py   the same of multi-class
entity_reports.py  the same of entities
writers/        predictions -> csv, JSON lines, parquet, BIO; goes on after a stop
"""
