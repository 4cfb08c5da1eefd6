"""A checkpoint folder -> family, normalised config, table of its variables; recognised by content, never by name.

families.py    one record a family: variable names, words of its config, shared layers, what suits it
bundled.py     the checkpoints that come with the project, known by the hashes of their files
folder.py      a folder -> Checkpoint; every difference between two complete lists is an InputError
inventory.py   which files of a folder are the weights, in one file or in shards
vocabulary.py  which file is the vocabulary, and whether it belongs to the weights
missing.py     what to say where the folder is not there
configs.py     which json is the config, and what its words mean
names.py       our names of the variables and their shapes, and a checkpoint's
variables.py   the variables of all weights files under our spelling of their names
weights.py     three file formats, seen alike
torch_file.py  pytorch_model.bin without torch
mlm_heads.py   the heads that pretraining goes on from, under the names of each family
rates.py       the peak learning rate that suits a checkpoint
write.py       config, weights and heads -> a folder that is read again
"""

from zhlabel.checkpoints.families import FAMILIES
from zhlabel.checkpoints.folder import Checkpoint, check_positions, find_checkpoint, read_weights
from zhlabel.checkpoints.names import encoder_shapes, layer_names
from zhlabel.checkpoints.rates import recommend_learning_rate

__all__ = [
    "FAMILIES",
    "Checkpoint",
    "check_positions",
    "encoder_shapes",
    "find_checkpoint",
    "layer_names",
    "read_weights",
    "recommend_learning_rate",
]
