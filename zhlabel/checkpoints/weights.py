"""Weights files of three formats, seen alike: the shapes of their variables, and the numbers of those asked for."""

import json
import math
import re
from pathlib import Path

import numpy as np

from zhlabel.checkpoints.torch_file import (
    RefusedPickleError,
    read_torch_arrays,
    read_torch_index,
    widen_bfloat16,
)
from zhlabel.errors import InputError

_POINTER = b"version https://git-lfs"
_DAMAGED = (ValueError, EOFError, KeyError, IndexError, OSError)


def read_shapes(path, file_format):
    """List the variables of a weights file with their shapes, without reading their numbers.

    Args:
        path: the file; of a TensorFlow checkpoint, its ``.index``.
        file_format: "tensorflow", "safetensors" or "pytorch".

    Returns:
        dict from the file's own names to shapes.

    Raises:
        InputError: the file is damaged, incomplete, or a pickle that asks for more than tensors.
    """
    _check_pointer(path)
    if file_format == "tensorflow":
        _check_data_files(path)
    return _guarded(_SHAPE_READERS[file_format], path)


def read_arrays(path, file_format, names):
    """Read some variables of a weights file.

    Args:
        path: the file; of a TensorFlow checkpoint, its ``.index``.
        file_format: "tensorflow", "safetensors" or "pytorch".
        names: the file's own names of the variables.

    Returns:
        dict from these names to float32 arrays.

    Raises:
        InputError: the file is damaged or incomplete, or a number in it is infinite or not a number.
    """
    arrays = _guarded(_ARRAY_READERS[file_format], path, list(names))
    arrays = {name: np.asarray(array, "float32") for name, array in arrays.items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise InputError(f"{path}: {name} holds values that are infinite or not numbers. {_AGAIN}")
    return arrays


_AGAIN = "The file is damaged: copy or download it again."


def _guarded(reader, path, *arguments):
    """Call a reader, and turn what a damaged file makes it raise into an InputError."""
    try:
        return reader(path, *arguments)
    except RefusedPickleError as refused:
        raise InputError(
            f"{path} was not read: it asks for {refused}, where weights need tensors, storages and OrderedDict alone. "
            f"Such a file can run code. If you trust it, convert it in its folder, where torch is installed:\n"
            f"    {_CONVERT.format(source=Path(path).name, target=Path(path).with_suffix('.safetensors').name)}\n"
            "Of a training state, pick the dictionary of the weights in it: w = torch.load(...)['state_dict']."
        ) from None
    except _DAMAGED as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise InputError(f"{path} can't be read to its end ({reason}). {_AGAIN}") from problem


_CONVERT = (
    "python -c \"import torch, safetensors.torch as s; w = torch.load('{source}', weights_only=True); "
    "s.save_file({{k: v.clone().contiguous() for k, v in w.items()}}, '{target}')\""
)


def _check_pointer(path):
    if Path(path).stat().st_size < 1024 and Path(path).read_bytes().startswith(_POINTER):
        raise InputError(f"{path} is a pointer of git-lfs, not the file itself. Run in its folder: git lfs pull")


def _check_data_files(index):
    """Stop unless every part of a TensorFlow checkpoint lies beside its index."""
    prefix = index.name.removesuffix(".index")
    found = {path.name for path in _list_data_files(index)}
    begun = sorted(path.name for path in index.parent.iterdir() if path.name.startswith(f"{prefix}.data-"))
    if begun and not found:
        raise InputError(
            f"{index.parent}: of the data of {index.name} there is only {begun[0]}, a download that did not finish. "
            f"Download {prefix}.data-00000-of-00001 again, from where {index.name} came."
        )
    if not found:
        raise InputError(
            f"{index.parent}: {index.name} is there, its data is not. "
            f"Copy {prefix}.data-00000-of-00001 from the same archive beside it."
        )
    parts = int(sorted(found)[0].rpartition("-of-")[2])
    missing = sorted({f"{prefix}.data-{part:05d}-of-{parts:05d}" for part in range(parts)} - found)
    if missing:
        raise InputError(f"{index.parent}: {len(missing)} of {parts} parts of the data are missing: {missing[0]} ...")


def _list_data_files(index):
    """List the parts of a TensorFlow checkpoint's data, without half-downloaded ones, which have a further ending."""
    name = re.compile(re.escape(index.name.removesuffix(".index")) + r"\.data-\d{5}-of-\d{5}")
    return [path for path in index.parent.iterdir() if name.fullmatch(path.name)]


def _open_tensorflow(index):
    from zhlabel.backend import tf

    try:
        return tf.train.load_checkpoint(str(index).removesuffix(".index"))
    except tf.errors.OpError as problem:
        raise ValueError(problem.message) from problem


def _tensorflow_shapes(index):
    reader = _open_tensorflow(index)
    shapes = {name: tuple(shape) for name, shape in reader.get_variable_to_shape_map().items()}
    types = reader.get_variable_to_dtype_map()
    expected = sum(math.prod(shape) * types[name].size for name, shape in shapes.items())
    found = sum(part.stat().st_size for part in _list_data_files(index))
    if found < expected:
        raise EOFError(f"its data has {found} bytes of {expected}")
    return shapes


def _tensorflow_arrays(index, names):
    from zhlabel.backend import tf

    reader = _open_tensorflow(index)
    try:
        return {name: reader.get_tensor(name) for name in names}
    except tf.errors.OpError as problem:  # a checksum that does not match
        raise ValueError(problem.message) from problem


def _open_safetensors(path):
    import safetensors

    try:
        return safetensors.safe_open(path, framework="np")
    except safetensors.SafetensorError as problem:
        raise ValueError(str(problem)) from problem


def _safetensors_shapes(path):
    with _open_safetensors(path) as stream:
        return {name: tuple(stream.get_slice(name).get_shape()) for name in stream.keys()}  # noqa: SIM118


def _safetensors_arrays(path, names):
    with _open_safetensors(path) as stream:
        bfloat16 = {name for name in names if stream.get_slice(name).get_dtype() == "BF16"}
        arrays = {name: stream.get_tensor(name) for name in names if name not in bfloat16}
    return arrays | (_read_bfloat16(path, bfloat16) if bfloat16 else {})


def _read_bfloat16(path, names):
    """Read what numpy has no type for, by the form of the file: length of the header, header, numbers."""
    with open(path, "rb") as stream:
        start = 8 + int.from_bytes(stream.read(8), "little")
        header, arrays = json.loads(stream.read(start - 8)), {}
        for name in names:
            begin, end = header[name]["data_offsets"]
            stream.seek(start + begin)
            arrays[name] = widen_bfloat16(stream.read(end - begin)).reshape(header[name]["shape"])
    return arrays


def _torch_shapes(path):
    return {name: tuple(tensor.shape) for name, tensor in read_torch_index(path).items()}


def _torch_arrays(path, names):
    tensors = read_torch_index(path)
    return read_torch_arrays(path, {name: tensors[name] for name in names})


_SHAPE_READERS = {"tensorflow": _tensorflow_shapes, "safetensors": _safetensors_shapes, "pytorch": _torch_shapes}
_ARRAY_READERS = {"tensorflow": _tensorflow_arrays, "safetensors": _safetensors_arrays, "pytorch": _torch_arrays}
