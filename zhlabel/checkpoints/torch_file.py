"""Reads pytorch_model.bin without torch, and without running anything that the file asks for.

Such a file is a pickle, and a pickle may call any function of any module. The unpickler here knows seven things: the
storages, the three functions that make a tensor of one, and OrderedDict; whatever else a file names is refused by name.
Both formats are read: the zip archive (torch 1.6 and newer) and the row of pickles before it, in which most of the
published Chinese checkpoints of 2019 and 2020 were written.
"""

import collections
import contextlib
import dataclasses
import io
import pickle
import zipfile

import numpy as np

_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "<?",
}
_OLD_MAGIC = 0x1950A86A20F9469CFC6C


class RefusedPickleError(Exception):
    """The file asks for something other than tensors; nothing of it was run."""


@dataclasses.dataclass(frozen=True)
class TorchTensor:
    """A tensor that still lies in the file: numbers start, start + stride, ... of one storage."""

    dtype: str
    storage: str
    length: int
    start: int
    shape: tuple
    strides: tuple


@contextlib.contextmanager
def _one_kind_of_error():
    """Turn whatever a damaged file makes pickle, zipfile and numpy raise into a ValueError."""
    try:
        yield
    except RefusedPickleError:
        raise
    except Exception as problem:
        raise ValueError(str(problem) or type(problem).__name__) from problem


def _rebuild_tensor(storage, start, shape, strides, *_):
    return TorchTensor(*storage, start, shape, strides)


def _check_tensor(tensor):
    """Refuse a tensor that numpy must not see. Only after unpickling: until then a pickle can change what it made."""
    numbers = (tensor.length, tensor.start, *tensor.shape, *tensor.strides)
    if len(tensor.shape) != len(tensor.strides) or not all(isinstance(n, int) and n >= 0 for n in numbers):
        raise RefusedPickleError("a tensor of impossible shape")
    if tensor.dtype not in _STORAGES.values():
        raise RefusedPickleError(f"a tensor of the type {tensor.dtype!r}")
    last = tensor.start + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
    if 0 not in tensor.shape and last >= tensor.length:
        raise RefusedPickleError("a tensor that reaches beyond its storage")


def _rebuild_parameter(tensor, *_):
    return tensor


class _TensorUnpickler(pickle._Unpickler):
    """An unpickler that can make tensors and nothing else.

    It is the one in Python: the one in C, given a damaged number, asks for gigabytes of memory and writes them full.
    """

    def find_class(self, module, name):
        """Return the stand-in for one of the admitted names; refuse any other, before it is imported."""
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch._utils" and name == "_rebuild_parameter":
            return _rebuild_parameter
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        raise RefusedPickleError(f"{module}.{name}")

    def persistent_load(self, saved_id):
        """Stand in for a storage: its type, its key, and how many numbers it has."""
        kind, dtype, key, _, length = saved_id[:5]
        if kind != "storage" or (len(saved_id) > 5 and saved_id[5] is not None):
            raise RefusedPickleError(f"a storage of the kind {saved_id!r}")
        return dtype, key, length


@_one_kind_of_error()
def read_torch_index(path):
    """List the tensors of a pytorch_model.bin, without their numbers.

    Args:
        path: the file.

    Returns:
        dict from name to TorchTensor.

    Raises:
        RefusedPickleError: the file names something other than tensors, storages and OrderedDict.
        ValueError: the file is damaged.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            found = _TensorUnpickler(io.BytesIO(archive.read(f"{_find_root(archive)}/data.pkl"))).load()
    else:
        with open(path, "rb") as stream:
            found = _read_old_header(stream)
    if not isinstance(found, dict) or not all(
        isinstance(name, str) and isinstance(value, TorchTensor) for name, value in found.items()
    ):
        raise RefusedPickleError("something other than one dictionary of tensors")
    for tensor in found.values():
        _check_tensor(tensor)
    return dict(found)


@_one_kind_of_error()
def read_torch_arrays(path, tensors):
    """Read the numbers of some tensors.

    Args:
        path: the file.
        tensors: dict from name to TorchTensor, out of ``read_torch_index``.

    Returns:
        dict from name to array, in the type of the file (bfloat16 becomes float32).

    Raises:
        RefusedPickleError: a tensor reaches beyond its storage.
        ValueError: the file is damaged.
    """
    wanted = {tensor.storage: tensor for tensor in tensors.values()}
    storages = _read_zip_storages(path, wanted) if zipfile.is_zipfile(path) else _read_old_storages(path, wanted)
    return {name: _view(storages[tensor.storage], tensor) for name, tensor in tensors.items()}


def _find_root(archive):
    for name in archive.namelist():
        if name.endswith("/data.pkl"):
            return name.removesuffix("/data.pkl")
    raise KeyError("data.pkl")


def _read_zip_storages(path, wanted):
    with zipfile.ZipFile(path) as archive:
        root = _find_root(archive)
        if f"{root}/byteorder" in archive.namelist() and archive.read(f"{root}/byteorder") != b"little":
            raise ValueError("written by a big-endian machine")
        return {key: _decode(archive.read(f"{root}/data/{key}"), tensor) for key, tensor in wanted.items()}


def _read_old_header(stream):
    """Read the old format's four pickles: magic number, protocol, machine, tensors."""
    if _TensorUnpickler(stream).load() != _OLD_MAGIC:
        raise ValueError("not a file of torch.save")
    _TensorUnpickler(stream).load()
    machine = _TensorUnpickler(stream).load()
    if not machine.get("little_endian", True):
        raise ValueError("written by a big-endian machine")
    return _TensorUnpickler(stream).load()


def _read_old_storages(path, wanted):
    """Read the old format's tail: a list of storage keys, then for each its length and its numbers."""
    with open(path, "rb") as stream:
        sizes = {tensor.storage: _number_size(tensor.dtype) for tensor in _read_old_header(stream).values()}
        storages = {}
        for key in _TensorUnpickler(stream).load():
            count = int.from_bytes(stream.read(8), "little")
            raw = stream.read(count * sizes[key])
            if key in wanted:
                storages[key] = _decode(raw, wanted[key])
    return storages


def _number_size(dtype):
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize


def _decode(raw, tensor):
    if len(raw) != tensor.length * _number_size(tensor.dtype):
        raise EOFError(f"storage {tensor.storage} has {len(raw)} bytes of {tensor.length * _number_size(tensor.dtype)}")
    return widen_bfloat16(raw) if tensor.dtype == "bfloat16" else np.frombuffer(raw, tensor.dtype)


def widen_bfloat16(raw):
    """Return the float32 numbers of bytes of bfloat16, which is the upper half of a float32."""
    return (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")


def _view(storage, tensor):
    # _check_tensor held the tensor within the length that it claims; here the claim is held to the storage.
    if tensor.length > storage.size:
        raise RefusedPickleError("a tensor that reaches beyond its storage")
    steps = tuple(stride * storage.itemsize for stride in tensor.strides)
    return np.lib.stride_tricks.as_strided(storage[tensor.start :], tensor.shape, steps, writeable=False)
