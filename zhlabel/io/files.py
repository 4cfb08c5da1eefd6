"""Opens text files in whatever encoding they have; writes files whole or not at all, one process at a time."""

import codecs
import contextlib
import functools
import gzip
import hashlib
import io
import lzma
import os
import tempfile
import zlib
from pathlib import Path

from filelock import FileLock, Timeout

from zhlabel.errors import InputError

_CHUNK_BYTES = 1 << 20


# How a packed file ends -> (how its bytes begin, its name, what opens it)
_PACKINGS = {".gz": (b"\x1f\x8b", "gzip", gzip.open), ".xz": (b"\xfd7zXZ\0", "xz", lzma.open)}
PACKED_ENDINGS = tuple(_PACKINGS)


def find_packing(path):
    """Return "gzip" or "xz" where a file's first bytes, else the end of its name, say that it is packed, else "".

    Args:
        path: the file, which exists.
    """
    with open(path, "rb") as stream:
        head = stream.read(8)
    found = [name for magic, name, _ in _PACKINGS.values() if head.startswith(magic)]
    found += [name for ending, (_, name, _) in _PACKINGS.items() if str(path).lower().endswith(ending)]
    return found[0] if found else ""


def remove_packing(name):
    """Return a file's name without the ending of a packed file.

    Args:
        name: the name.

    >>> remove_packing("a.csv.gz"), remove_packing("a.XZ"), remove_packing("a.csv")
    ('a.csv', 'a', 'a.csv')
    """
    return next((name[: -len(ending)] for ending in _PACKINGS if name.lower().endswith(ending)), name)


def _open_bytes(path):
    packing = find_packing(path)
    return next((opener for _, name, opener in _PACKINGS.values() if name == packing), open)(path, "rb")


def _read_chunks(path, open_bytes=_open_bytes):
    """Yield the file's bytes, unpacked unless opened otherwise, a megabyte at a time."""
    if Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir():
        # The encoding is found by reading the file once before, which would empty a pipe without a word.
        raise InputError(f"{path} is a pipe or device, which can't be read twice. Save its content to a file first.")
    try:
        with open_bytes(path) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file. Check the name, or give another with its constant.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, where a file was expected.") from None
    except (gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError) as problem:
        packing = find_packing(path)
        raise InputError(f"{path} is not a whole {packing} file ({problem}). Copy or compress it again.") from None
    except OSError as problem:
        raise InputError(f"{path} can't be read: {problem.strerror or problem}.") from None


def read_head(path):
    """Return a file's first bytes, unpacked: as many as tell its form, and none of an empty file.

    Args:
        path: the file.

    Raises:
        InputError: it can't be read.
    """
    return next(_read_chunks(path), b"")[:8]


def _fits(path, encoding):
    """Return whether the whole file decodes, and if not, the number of the line that does not."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    try:
        for chunk in _read_chunks(path):
            line += decoder.decode(chunk).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as problem:
        return False, line + problem.object[: problem.start].count(b"\n")
    return True, 0


def detect_encoding(path):
    """Return a text file's encoding by decoding all of it: UTF-8, with or without BOM, else GB18030.

    A file of pure ASCII is UTF-8. GB18030 includes GBK and GB2312. Memory does not grow with the file.

    Args:
        path: the file; a gzip or xz file is unpacked on the way.

    Returns:
        "utf-8-sig" (which reads both forms of UTF-8) or "gb18030".

    Raises:
        InputError: the file can't be read, or is in neither encoding.
    """
    is_utf8, line = _fits(path, "utf-8-sig")
    if is_utf8:
        return "utf-8-sig"
    if _fits(path, "gb18030")[0]:
        return "gb18030"
    raise InputError(
        f"{path}, line {line}: the bytes are neither UTF-8 nor GB18030. Save the file as UTF-8 and try again."
    )


@contextlib.contextmanager
def open_text(path):
    """Open a text file for reading, with its encoding detected, and unpacked where it is a gzip or xz file.

    Line ends are left as they are (the csv module wants them so), and only "\\n" ends a line: a lone "\\r", U+2028,
    U+0085 or a vertical tab stands inside a text. Bytes are read as they are needed.

    Args:
        path: the file.

    Raises:
        InputError: as ``detect_encoding``.
    """
    encoding = detect_encoding(path)
    with _open_bytes(path) as stream, io.TextIOWrapper(stream, encoding=encoding, newline="\n") as text:
        yield text


@contextlib.contextmanager
def write_whole(path, *, binary=False):
    """Open a file for writing that appears under its name only when all of it is on the disk.

    Writes to a temporary name in the same folder, flushes to the disk, then renames. If the block raises, or the
    process dies, an earlier file of that name stays as it was. Text is UTF-8 with "\\n" at line ends.

    Args:
        path: the file's final name; its folder is made when absent.
        binary: bytes instead of text.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") if binary else os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


@contextlib.contextmanager
def explain_write_errors(name):
    """Turn the OSError of a block that writes into an InputError.

    Args:
        name: what can't be written then.

    Raises:
        InputError: there was one.
    """
    try:
        yield
    except OSError as problem:
        raise InputError(
            f"{name} can't be written: {problem.strerror or problem}. Put that right, or give another name."
        ) from None


@contextlib.contextmanager
def hold_output(path):
    """Hold a file or folder that is written over time, so that no other process writes it meanwhile.

    The lock is ``.NAME.lock`` beside it, which goes at the end; what a killed process leaves of it holds nothing. Who
    holds an output may hold it again: a script does so before its long work, and the writer it calls does so too.

    Args:
        path: the file or folder, which need not exist; its folder is made when absent. "" holds nothing.

    Raises:
        InputError: another process holds it, or its folder can't be written.
    """
    if not str(path):
        yield
        return
    place = Path(os.path.abspath(path))  # gives "." its name
    lock_file = place.parent.resolve() / f".{place.name}.lock"
    lock = FileLock(lock_file, is_singleton=True)
    with explain_write_errors(path):
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"{path}: another process is writing it. Wait until that has ended, or give another name."
            ) from None
    try:
        yield
    finally:
        if lock.lock_counter == 1:  # before the release: afterwards it may be another's
            lock_file.unlink(missing_ok=True)
        lock.release()


def hash_file(path):
    """Return the SHA-256 of a file's bytes as they lie on the disk, as 64 hexadecimal digits.

    Args:
        path: the file.

    Raises:
        InputError: it can't be read.
    """
    digest = hashlib.sha256()
    for chunk in _read_chunks(path, functools.partial(open, mode="rb")):
        digest.update(chunk)
    return digest.hexdigest()


def check_characters(where, text):
    """Return the text back, or refuse it when it holds half a character, which no tokenizer and no file can take.

    JSON can spell such halves ("\\ud83d" without its other half); csv and txt files can't hold them.

    Args:
        where: file and line, for the message.
        text: the text.

    Raises:
        InputError: there is a lone surrogate.

    >>> check_characters("a.jsonl, line 1", "裁员")
    '裁员'
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{where}: the text holds half a character (a lone \\ud800...\\udfff). Remove it there."
        ) from None
    return text
