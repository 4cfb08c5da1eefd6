"""A checkpoint folder -> family, normalised config, table of its variables; recognised by content, never by name.

names.py       our names of the variables, and what each kind of checkpoint calls them
configs.py     which json is the config, and what its words mean
torch_file.py  pytorch_model.bin without torch
weights.py     three file formats, seen alike
folder.py      a folder -> Checkpoint; every difference between two complete lists is an InputError
pretraining_heads.py  the heads that pretraining goes on from, under the names of each family
writer.py      config, weights and heads -> a folder that is read again
"""

from zhlabel.checkpoints.folder import Checkpoint, find_checkpoint, read_weights
from zhlabel.checkpoints.names import encoder_shapes, layer_names

__all__ = ["Checkpoint", "encoder_shapes", "find_checkpoint", "layer_names", "read_weights"]
