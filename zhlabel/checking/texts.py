"""What is doubtful in texts, whatever their labels: nothing in them, too much, unknown or invisible characters."""

import itertools
import unicodedata
from collections import Counter

import numpy as np

from zhlabel.checking.counts import name_character
from zhlabel.checking.finding import SHOWN, Finding, join_counts, name_place

_CUT_SHARE = 0.1  # of texts that are cut, above which that is no longer a matter of a few
_UNKNOWN_SHARE = 0.01  # of tokens; the bundled vocabulary leaves 0.001 of news unknown
_DAMAGE = ("Cc", "Co")  # control and private-use characters


def list_text_findings(parts, terms):
    """Return the Findings on the texts in a list of PartCounts, judged by ``counts.Terms``."""
    found = [_find_blank(parts), _find_long(parts, terms), _find_unknown(parts, terms), _find_dropped(parts)]
    return list(filter(None, found))


def count_texts(parts):
    """Return how many texts there are in all."""
    return sum(map(len, parts))


def merge_sightings(each):
    """Return the number and the first places of several Sightings."""
    each = list(each)
    return sum(one.count for one in each), tuple(place for one in each for place in one.places)[:SHOWN]


def _find_blank(parts):
    places = tuple(_name_rows(parts, lambda tokens: tokens == 2))
    if not places:
        return None
    summary = f"{len(places):,} of {count_texts(parts):,} texts are empty, or hold nothing that has a token"
    return Finding("blank_texts", True, len(places), summary, places, "Remove these rows: their labels teach nothing.")


def _name_rows(parts, choose):
    """Yield the places of the texts whose numbers of tokens ``choose`` marks."""
    for part in parts:
        for line in part.rows["line"][choose(part.rows["tokens"])]:
            yield name_place(part.file, line)


def _find_long(parts, terms):
    tokens = np.concatenate([part.rows["tokens"] for part in parts])
    is_long = tokens > terms.max_length
    if not is_long.any():
        return None
    lost = (tokens[is_long].astype(np.int64) - terms.max_length).sum() / tokens.sum(dtype=np.int64)
    fate = f"cut, which loses {lost:.3f} of all tokens"
    if terms.in_windows:
        fate = f"laid into windows, {sum(part.row_count for part in parts):,} rows in all, so nothing is lost"
    return Finding(
        "long_texts",
        bool(is_long.mean() > _CUT_SHARE) and not terms.in_windows,
        int(is_long.sum()),
        f"{is_long.sum():,} of {len(tokens):,} texts have more than {terms.max_length:,} tokens and are {fate}; "
        f"the longest has {tokens.max():,}",
        tuple(itertools.islice(_name_rows(parts, lambda tokens: tokens > terms.max_length), SHOWN)),
        "Nothing has to be done." if terms.in_windows else _advise(tokens, terms),
    )


def _advise(tokens, terms):
    windows = next(each for each in terms.kind.long_texts if each.startswith("windows"))
    advice = f'LONG_TEXT = "{windows}" of model_train.py reads all of them'
    enough = int(np.quantile(tokens, 0.95, method="higher"))
    if terms.max_length < enough <= terms.positions:
        advice += f"; MAX_LENGTH = {enough} holds 95 texts of 100, and takes more time and memory"
    return f"{advice}."


def _find_unknown(parts, terms):
    count, kept = (sum(getattr(part, name) for part in parts) for name in ("unknown_tokens", "kept_tokens"))
    if not count:
        return None
    texts, places = merge_sightings(part.unknown_texts for part in parts)
    pieces = dict(sum((part.unknown for part in parts), Counter()).most_common())
    is_serious = count > _UNKNOWN_SHARE * kept
    step = "To the model they are all the same character; that matters only where labels hang on them."
    if is_serious:
        step = (
            f"See whether {terms.vocabulary_file} is the one of this checkpoint, and whether the texts are Chinese and "
            "rightly encoded; else choose a checkpoint whose vocab.txt has these characters."
        )
    return Finding(
        "unknown_tokens",
        is_serious,
        count,
        f"{count:,} of {kept:,} tokens are [UNK], a share of {count / kept:.4f}, in {texts:,} of "
        f"{count_texts(parts):,} texts: {join_counts(pieces)}",
        places,
        step,
    )


def _find_dropped(parts):
    count, places = merge_sightings(part.dropped_texts for part in parts)
    if not count:
        return None
    counts = sum((part.dropped for part in parts), Counter())
    is_serious = any(each == "\ufffd" or unicodedata.category(each) in _DAMAGE for each in counts)
    step = "Nothing has to be done; where an entity begins or ends with one, it can't be found."
    if is_serious:
        step = (
            "Such characters are what a wrong encoding leaves behind. Find where the texts come from, and save them as "
            "UTF-8 again; or remove them."
        )
    named = {name_character(each): number for each, number in counts.most_common()}
    return Finding(
        "dropped_characters",
        is_serious,
        count,
        f"{count:,} of {count_texts(parts):,} texts hold characters that the tokenizer leaves out: "
        f"{join_counts(named)}",
        places,
        step,
    )
