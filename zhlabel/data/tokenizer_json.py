"""Reads a WordPiece vocabulary out of tokenizer.json, which transformers 5 saves in place of vocab.txt."""

from zhlabel.errors import InputError
from zhlabel.io.json import read_json

_PREFIX = "##"


def read_tokenizer_json(path):
    """Read the tokens of a tokenizer.json in the order of their ids.

    Args:
        path: the file.

    Returns:
        list of strings; a token's id is its place.

    Raises:
        InputError: it is not json, its model is not WordPiece with "##", or ids are missing or given twice.
    """
    content = read_json(path, remedy=_AGAIN)
    model = content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, dict):
        raise InputError(f'{path}: it has no "model". {_AGAIN}')
    # old versions of the library wrote no type
    kind = model.get("type", "WordPiece" if "continuing_subword_prefix" in model else "unnamed")
    if kind != "WordPiece":
        raise InputError(
            f"{path}: its model is {kind}. Only WordPiece is built here, the form of BERT, ELECTRA and the Chinese "
            "ALBERTs: use a checkpoint with such a vocabulary."
        )
    if model.get("continuing_subword_prefix", _PREFIX) != _PREFIX:
        found = model["continuing_subword_prefix"]
        raise InputError(f'{path}: inner pieces of words begin with "{found}"; only "{_PREFIX}" is built here.')
    vocabulary = model.get("vocab")
    if not isinstance(vocabulary, dict) or not all(type(number) is int for number in vocabulary.values()):
        raise InputError(f"{path}: model.vocab is no table of tokens and ids. {_AGAIN}")
    return _order(path, vocabulary, content.get("added_tokens"))


def _order(path, vocabulary, added):
    """Return the tokens by id; an id that the model leaves out may be that of an added token."""
    tokens = {number: token for token, number in vocabulary.items()}
    if len(tokens) < len(vocabulary):
        raise InputError(f"{path}: model.vocab gives {len(vocabulary) - len(tokens)} ids to two tokens. {_AGAIN}")
    for each in added if isinstance(added, list) else ():
        if isinstance(each, dict) and each.get("id") not in tokens and each.get("content") not in vocabulary:
            tokens[each.get("id")] = each.get("content")
    ordered = [tokens.get(number) for number in range(1 + max(vocabulary.values(), default=-1))]
    for number, token in enumerate(ordered):
        if not isinstance(token, str) or not token or set(token) & set("\r\n"):
            found = "is missing" if token is None else f"is {token!r}, which can't stand on a line of vocab.txt"
            raise InputError(f"{path}: the token of id {number} {found}. {_AGAIN}")
    return ordered


_AGAIN = "Copy the file, or a vocab.txt, again from the checkpoint."
