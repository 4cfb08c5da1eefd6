"""Where a pretraining is kept: OUT is the checkpoint, OUT/pretraining what resuming needs and how it was made."""

from pathlib import Path

from zhlabel.io.files import hash_file
from zhlabel.runs.find import name_new_run
from zhlabel.runs.plan import TrainingKind, freeze_plan

FOLDER = "pretraining"
STATE_FILE = f"{FOLDER}/training_state"  # safetensors in form; without the ending nobody takes it for a checkpoint
RECORD_FILE = f"{FOLDER}/record.json"
HISTORY_FILE = f"{FOLDER}/history.csv"


PRETRAINING = TrainingKind(
    work="pretraining",
    script="model_pretrain.py",
    flag="OUT",
    gain="what is learnt",
    record_file=RECORD_FILE,
    plan_file=f"{FOLDER}/plan.json",
    states=(STATE_FILE,),
    name_next=lambda plan: name_new_run(Path(plan["checkpoint"]).resolve().name, "pretrained"),
)


def make_plan(resolved, checkpoint, teacher=None):
    """Name everything that shapes the result of a pretraining.

    Args:
        resolved: the settings as a dict, with text_file and out.
        checkpoint: what ``find_checkpoint`` gave.
        teacher: what ``find_teacher`` gave.

    Returns:
        A dict as it comes back from its file.
    """
    settings = {key: value for key, value in resolved.items() if key != "out"}
    plan = {**settings, "text_sha256": hash_file(resolved["text_file"])}
    if teacher:
        plan["teacher_sha256"] = "+".join(map(hash_file, teacher.weights_files))
        plan["teacher_vocabulary_sha256"] = hash_file(teacher.vocab_file)
    return freeze_plan(plan, checkpoint)
