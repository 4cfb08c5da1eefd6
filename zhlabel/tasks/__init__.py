"""What a task is: how it reads data, what it builds on the encoder, how it decides, scores and reports."""

from zhlabel.tasks.multi_class import MultiClass
from zhlabel.tasks.multi_label import MultiLabel
from zhlabel.tasks.ner import Ner

TASKS = {task.name: task for task in (MultiLabel, MultiClass, Ner)}
