"""One table: for each task how it reads data, what it builds on the encoder, how it decides, scores and reports."""

from zhlabel.tasks.multi_class import MULTI_CLASS
from zhlabel.tasks.multi_label import MULTI_LABEL
from zhlabel.tasks.ner import NER

TASKS = {task.name: task for task in (MULTI_LABEL, MULTI_CLASS, NER)}
