"""The vocabulary of a checkpoint's folder: which file it is, and whether it belongs to the weights."""

from zhlabel.checkpoints.bundled import find_bundled
from zhlabel.data.tokenizer import read_vocabulary
from zhlabel.errors import InputError

# More rows without a token than this share of them, and the vocabulary is another checkpoint's. ERNIE 1.0 has 36 of
# 18,000; tables are rounded up to a multiple of 64 or 128, or get some rows for added tokens.
_LARGEST_SURPLUS = 0.1


def find_vocabulary(folder, *, own=""):
    """Find the vocabulary of a folder: vocab.txt, else tokenizer.json.

    The project's own vocab.txt gives way to the tokenizer.json of a checkpoint that is dropped in beside it.

    Args:
        folder: a Path.
        own: name of the bundled checkpoint that the weights are; "" for all others.

    Raises:
        InputError: there is neither.
    """
    file, other = folder / "vocab.txt", folder / "tokenizer.json"
    if other.is_file() and (not file.is_file() or (find_bundled(file) and not own)):
        return other
    if not file.is_file():
        hint = "Copy the one that came with the checkpoint; another won't do."
        others = list_other_vocabularies(folder)
        if others:
            hint = f"If {others[0]} is the one that came with the checkpoint, rename it to vocab.txt."
        raise InputError(f"{folder}: vocab.txt is missing, and so is tokenizer.json. {hint}")
    return file


def list_other_vocabularies(folder):
    """List the names of files that look like a vocabulary under another name, such as Google's vocab_chinese.txt.

    Args:
        folder: a Path.
    """
    return sorted(file.name for file in folder.glob("*vocab*.txt") if file.name != "vocab.txt")


def check_vocabulary(vocab_file, rows, candidates, weights_file, *, own):
    """Hold the word table to the vocabulary, and name the odd one out.

    Args:
        vocab_file: the vocabulary.
        rows: of the word table; None: the weights have none.
        candidates: dict from config file to content.
        weights_file: the weights, for messages.
        own: name of the bundled checkpoint that the weights are; "" for all others.

    Returns:
        How many tokens there are, and a note on rows that have none, "" where none is left over.

    Raises:
        InputError: there are fewer rows than tokens, or so many more that the vocabulary is another checkpoint's.
    """
    tokens = len(read_vocabulary(vocab_file))
    if own and own not in find_bundled(vocab_file):
        raise InputError(
            f"{vocab_file} is not the one that belongs to the bundled {weights_file.name}. Put the weights there that "
            f"this {vocab_file.name} came with; or keep it elsewhere, and take the bundled one back: "
            f"git checkout -- {vocab_file.with_name('vocab.txt')}"
        )
    if rows is None or rows == tokens:
        return tokens, ""
    where = f"{vocab_file} has {tokens:,} tokens, the word table of {weights_file.name} has {rows:,} rows"
    if find_bundled(vocab_file):
        other = (*list_other_vocabularies(vocab_file.parent), "the vocab.txt that came with your checkpoint")[0]
        raise InputError(f"{where}.\nvocab.txt is still the bundled one. Copy {other} over it.")
    if tokens < rows <= tokens + _LARGEST_SURPLUS * rows:
        return tokens, f"{where}; the {rows - tokens:,} rows without a token are left out.\n"
    same = [file.name for file, raw in candidates.items() if raw.get("vocab_size") == rows]
    hint = f"they come from two checkpoints, or lines of {vocab_file.name} were lost or added"
    if same:
        hint = f"{same[0]} says {rows} as well, so {vocab_file.name} is the odd one out"
    hint = f"{hint[0].upper()}{hint[1:]}: copy the {vocab_file.name} that came with the checkpoint."
    raise InputError(f"{where}.\n{hint}")
