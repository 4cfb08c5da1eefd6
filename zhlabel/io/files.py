"""Opens text files in whatever encoding they have, and writes files so that nobody ever sees half of one."""

import codecs
import contextlib
import functools
import gzip
import hashlib
import io
import os
import tempfile
import zlib
from pathlib import Path

from zhlabel.errors import InputError

_CHUNK_BYTES = 1 << 20


def _open_bytes(path):
    return gzip.open(path, "rb") if str(path).lower().endswith(".gz") else open(path, "rb")


def _read_chunks(path, open_bytes=_open_bytes):
    """Yield the file's bytes, decompressed unless opened otherwise, a megabyte at a time."""
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
    except (gzip.BadGzipFile, zlib.error, EOFError) as problem:
        raise InputError(f"{path} is not a whole gzip file ({problem}). Copy or compress it again.") from None
    except OSError as problem:
        raise InputError(f"{path} can't be read: {problem.strerror or problem}.") from None


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
        path: the file; a name that ends in ``.gz`` is decompressed on the way.

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
    """Open a text file for reading, with its encoding detected and ``.gz`` decompressed.

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
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(f"{where}: the text holds half a character (a lone \\ud800...\\udfff). Remove it there.")
    return text
