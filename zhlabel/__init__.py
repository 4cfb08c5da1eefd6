"""Chinese text in, labels out: train, load, evaluate and compare models; extract keywords.

The folders, from the bottom up; each imports its own row and lower ones alone:

    errors
    decisions  io  cli  environment
    data  backend
    checkpoints  ngrams  runs
    metrics  models
    reports
    tasks  evaluation
    inference
    training  keywords
    api  pretraining

The scripts at the top of the repository stand on ``api``. TensorFlow is imported inside calls.
"""

__version__ = "0.2.0"
