"""Chinese text in, labels out. The files in the order of the data flow; importing this package imports nothing.

errors.py       InputError: something the user can put right
environment.py  is this the right Python, with all packages? one sentence if not
settings.py     a script's constants + command line -> immutable values
files.py        text in any encoding; files that appear whole or not at all
processes.py    work on chunks in several processes, in order
tables.py       comma- and tab-separated text -> rows with their line numbers
json_records.py a JSON list or JSON lines -> values with their places
examples.py     labelled data files -> Example records that remember file and line
entity_files/   files with entities, in seven forms -> Example records
texts.py        unlabelled texts from files of any size, one at a time
raw_texts.py    raw text -> documents -> rows of tokens to pretrain on, none lost; where words begin
labels.py       ordered label names <-> ids, label.json; the targets of classification
tags.py         entities <-> BIOES tags of tokens; which tag may follow which
splits.py       texts divided so that every label keeps its proportion
tokens.py       text -> token ids and the character span of each token; long texts cut or in windows
windows.py      what the windows of a long text say, made one
batches.py      texts of like length together, each exactly once, padded
masking.py      which tokens of a row are masked, and what is shown there
backend.py      the one door to TensorFlow, tf-keras and bert4keras
checkpoints/    a folder -> family, config, table of its variables; and back
layers.py       bert4keras's layers in fewer operations
encoder.py      builds the encoder and fills every weight, or stops
lora.py         freezes layers; low-rank correction of frozen ones: attach, count, merge
crf.py          the CRF layer and the losses of taggers
linear.py       linear SVMs on sparse features
ngrams.py       a linear model of the tokens' n-grams, and how much it counts beside the encoder
tag_ngrams.py   the same of the n-grams around each token, for tags
heads.py        CLS, highest values, Dense; BiLSTM, attention and CRF
models.py       the model to train: a checkpoint's encoder, what is frozen in it, and a head
optimizer.py    AdamW in one pass, with warm-up, and a rate of its own for the head
precision.py    float32 or bfloat16, by what the device has and what the encoder says
adversarial.py  each batch learned twice, once with its words moved against it
voting.py       lets the n-grams vote in a trained model
snapshots.py    what a training leaves on disk to go on from
training.py     compile and fit; keeps the best epoch by the dev score; resumes
pretrainer.py   an encoder with the heads of pretraining: masked words, the bag of words of [CLS]
pretraining.py  fits it; keeps its state; resumes
pretraining_plans.py  what a pretraining is going to be, and where it is kept
tasks/          one table: for each task its reader, targets, head, loss, decision, score
datasets.py     what a training learns from and is judged by; the label set
plans.py        what a training is going to be; one process a folder; known again after a stop
runs.py         name, find and save a run
export.py       the run's model as graphs for the light runtime, float32 and int8, each checked
light.py        those graphs, executed by OpenVINO without TensorFlow
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
keywords/       keyword extraction: methods, trained ones too, and their scorer
writers/        predictions -> csv, JSON lines, parquet, BIO; goes on after a stop
"""
