"""Labelled files before a training: what is in them, and what looks wrong.

counts.py     one part (train, dev, test): its texts go by, 36 bytes of each are kept
finding.py    Finding, and the Sightings that it is made of
texts.py      what is doubtful in texts: empty, cut, unknown and invisible characters
labels.py     what is doubtful in labels: none, rare, alike, unknown to the training, too few for dev
equal.py      equal texts: under different labels, on both sides
figures.py    the counts and findings as report.json has them
text.py       these for the terminal, and the few lines at a training's start
page.py       these as one HTML page
job.py        files in, all of it out
"""
