"""The variables of a checkpoint's weights files, one or several shards, under one spelling of their names."""

from dataclasses import dataclass
from pathlib import Path

from zhlabel.checkpoints.names import unify_names
from zhlabel.checkpoints.weights import read_arrays, read_shapes
from zhlabel.errors import InputError


@dataclass(frozen=True)
class Variables:
    """What lies in the weights files of one checkpoint.

    Attributes:
        file_format: "tensorflow", "safetensors" or "pytorch".
        shapes: dict from unified name to shape.
        places: dict from unified name to the file it lies in, and its name there.
    """

    file_format: str
    shapes: dict
    places: dict

    @property
    def tensorflow(self):
        """Whether names and kernels are TensorFlow's."""
        return self.file_format == "tensorflow"

    def read(self, names):
        """Read the numbers of some variables.

        Args:
            names: unified names.

        Returns:
            dict from these names to float32 arrays, as they lie in the file.

        Raises:
            InputError: a file is damaged.
        """
        arrays = {}
        for file in {self.places[name][0] for name in names}:
            own = {name: self.places[name][1] for name in names if self.places[name][0] == file}
            found = read_arrays(file, self.file_format, own.values())
            arrays |= {name: found[published] for name, published in own.items()}
        return arrays


def open_variables(files, file_format):
    """List the variables of weights files, without reading their numbers.

    Args:
        files: the Paths; of a TensorFlow checkpoint, its ``.index`` alone.
        file_format: "tensorflow", "safetensors" or "pytorch".

    Raises:
        InputError: a file is damaged, or two variables have one name.
    """
    shapes, places = {}, {}
    for file in files:
        for name, shape in read_shapes(file, file_format).items():
            if name in places:
                raise InputError(f"{file}: {name} lies in {Path(places[name]).name} too, so which one counts is open.")
            shapes[name], places[name] = shape, file
    unified = unify_names(shapes, tensorflow=file_format == "tensorflow")
    doubles = sorted({own for names in unified.values() for own in names if len(names) > 1})
    if doubles:
        raise InputError(
            f"{files[0]}: {len(doubles)} variables are there in two copies ({', '.join(doubles[:2])} ...), so which "
            "ones count is open. Save the encoder alone, or use the checkpoint that was published."
        )
    return Variables(
        file_format,
        {name: shapes[own] for name, (own,) in unified.items()},
        {name: (places[own], own) for name, (own,) in unified.items()},
    )
