"""files.py: encodings are found, damage is named, half a file is never seen."""

import gzip
import hashlib
import lzma
import os
import subprocess
import sys

import pytest
import toy

from zhlabel.errors import InputError
from zhlabel.io.files import detect_encoding, hash_file, hold_output, open_text, write_whole

TEXT = "公司裁员\n地震,6.1级\r\n"


def read(path):
    with open_text(path) as stream:
        return stream.read()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312"])
@pytest.mark.parametrize("ending", [".txt", ".txt.gz", ".TXT.GZ", ".txt.xz"])
def test_each_encoding_is_found_and_line_ends_stay(tmp_path, encoding, ending):
    path = tmp_path / f"a{ending}"
    data = TEXT.encode(encoding)
    path.write_bytes({"gz": gzip.compress, "xz": lzma.compress}.get(ending.lower()[-2:], bytes)(data))
    assert detect_encoding(path) == ("gb18030" if encoding.startswith("gb") else "utf-8-sig")
    assert read(path) == TEXT


def test_pure_ascii_and_an_empty_file_are_utf8(tmp_path):
    for content in (b"", b"abc\n"):
        (tmp_path / "a.txt").write_bytes(content)
        assert detect_encoding(tmp_path / "a.txt") == "utf-8-sig"


def test_only_a_newline_ends_a_line(tmp_path):
    line = "a\u2028b\x0bc\x0cd\x85e\x1cf\u2029g\rh"
    (tmp_path / "a.txt").write_bytes(f"{line}\n{line}\r\nlast".encode())
    with open_text(tmp_path / "a.txt") as stream:
        assert list(stream) == [line + "\n", line + "\r\n", "last"]
    with open_text(tmp_path / "a.txt") as stream:
        assert stream.readline() == line + "\n"


def test_a_character_across_two_chunks_stays_whole(tmp_path):
    text = "x" + "字" * 400_000  # three bytes each: the first megabyte ends inside one
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert read(tmp_path / "a.txt") == text


@pytest.mark.parametrize("lines_before", [0, 3, 200_000])
def test_bytes_in_neither_encoding_are_named_with_their_line(tmp_path, lines_before):
    (tmp_path / "a.txt").write_bytes("好文本\n".encode() * lines_before + b"bad \xff\xff\nmore\n")
    with pytest.raises(InputError, match=rf"a\.txt, line {lines_before + 1}: .*neither UTF-8 nor GB18030.*UTF-8"):
        read(tmp_path / "a.txt")


def test_half_a_character_at_the_end_is_named(tmp_path):
    (tmp_path / "a.txt").write_bytes("好\n好".encode()[:-1])
    with pytest.raises(InputError, match="line 2"):
        read(tmp_path / "a.txt")


def test_a_damaged_gzip_file_is_named(tmp_path):
    whole = gzip.compress(os.urandom(5000).hex().encode())
    broken = bytearray(whole)
    broken[20:40] = bytes(255 - byte for byte in whole[20:40])
    for content in (whole[:-3000], whole[:-4], bytes(broken), b"no gzip at all"):
        (tmp_path / "a.txt.gz").write_bytes(content)
        with pytest.raises(InputError, match=r"a\.txt\.gz is not a whole gzip file.*again"):
            read(tmp_path / "a.txt.gz")


def test_a_packed_file_is_known_by_its_bytes_too(tmp_path):
    for pack in (gzip.compress, lzma.compress):
        (tmp_path / "a.txt").write_bytes(pack(TEXT.encode()))
        assert read(tmp_path / "a.txt") == TEXT
    (tmp_path / "a.gz").write_bytes(lzma.compress(TEXT.encode()))
    assert read(tmp_path / "a.gz") == TEXT


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "absent.txt")
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="can't be read twice"):
        read(tmp_path / "pipe")


def test_a_whole_file_appears_with_its_folder(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with write_whole(path) as stream:
        stream.write("裁员\r\n地震\n")
        assert not path.exists()
    assert path.read_bytes() == "裁员\r\n地震\n".encode()
    with write_whole(path, binary=True) as stream:
        stream.write(b"\x00\n")
    assert path.read_bytes() == b"\x00\n"
    assert os.listdir(path.parent) == ["a.txt"]


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt])
def test_the_old_file_stays_when_writing_fails(tmp_path, problem):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(problem), write_whole(path) as stream:
        stream.write("new")
        stream.flush()
        raise problem
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_the_hash_is_of_the_bytes_on_the_disk(tmp_path):
    for content in (b"", b"x" * 3_000_001):
        (tmp_path / "a").write_bytes(content)
        assert hash_file(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_a_held_output_is_refused_to_another_process_and_leaves_nothing(tmp_path):
    path = tmp_path / "new" / "a.csv"
    refused = pytest.raises(InputError, match=r"a\.csv: another process is writing it\. Wait")
    with toy.hold_elsewhere(path), refused, hold_output(path):
        raise AssertionError
    with hold_output(path), hold_output(path):  # a script, and the writer that it calls
        assert os.listdir(path.parent) == [".a.csv.lock"]
    assert os.listdir(path.parent) == []


def test_an_output_stays_held_until_the_outermost_block_ends(tmp_path):
    code = f"from zhlabel.io.files import hold_output\nwith hold_output({str(tmp_path / 'a')!r}): pass"

    def is_free():
        return not subprocess.run(
            [sys.executable, "-c", code], capture_output=True, cwd=toy.ROOT, check=False
        ).returncode

    with hold_output(tmp_path / "a"):
        with hold_output(tmp_path / "a"):
            pass
        assert not is_free()
    assert is_free() and os.listdir(tmp_path) == []


def test_what_a_killed_process_leaves_of_its_lock_holds_nothing(tmp_path):
    with toy.hold_elsewhere(tmp_path / "a") as process:
        process.kill()
        process.wait()
        assert os.listdir(tmp_path) == [".a.lock"]
        with hold_output(tmp_path / "a"):
            pass
    assert os.listdir(tmp_path) == []


def test_no_name_holds_nothing_and_a_folder_that_takes_no_file_is_named(tmp_path):
    with hold_output(""):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="can't be written"), hold_output(tmp_path / "file" / "a.csv"):
        raise AssertionError
