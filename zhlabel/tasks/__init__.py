"""What a task is: how it reads data, what it builds on the encoder, how it decides, scores and reports."""

from zhlabel.errors import InputError
from zhlabel.tasks.multi_class import MultiClass
from zhlabel.tasks.multi_label import MultiLabel
from zhlabel.tasks.ner import Ner

TASKS = {task.name: task for task in (MultiLabel, MultiClass, Ner)}


def find_task(record, folder):
    """Return the class of a run's task.

    Args:
        record: the dict of run.json.
        folder: the run's folder, for the message.

    Raises:
        InputError: there is no such task.
    """
    name = record["task"]
    if name not in TASKS:
        raise InputError(
            f"{folder}/run.json: task is {name}, expected one of {', '.join(TASKS)}. Copy the run again, or train "
            "it anew."
        )
    return TASKS[name]
