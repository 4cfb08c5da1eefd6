"""What is doubtful in labels and entities: none, several, rare, alike, in one part alone, beyond a model's reach."""

import math
import unicodedata
from collections import Counter, defaultdict

from zhlabel.checking.finding import SHOWN, Finding, join_counts, name_place, show_invisible
from zhlabel.checking.texts import count_texts, merge_sightings
from zhlabel.data import lost

DEV_SHARE = 0.1  # what model_train.py sets aside where there is no dev file
_RARE = 5
_ALIKE = 10  # groups of labels that are named
_DEV_LABELS = 100  # a recall of so many is known to within 0.1
_LOST_SHARE = 0.01  # of entities, above which the best score is visibly below 1
_LOST_STEPS = {
    lost.CUT: 'LONG_TEXT = "windows" of model_train.py, which is the default for ner, reads all of a text.',
    lost.OVERLAPPING: "A tag for each token can't say two things: keep the entities that matter more.",
    lost.BARE_BORDER: "Begin and end each entity at a character that can be seen.",
    lost.INSIDE: "Latin words and numbers have few tokens: widen the entity to the whole word, or bear a miss.",
}


def list_label_findings(parts, terms):
    """Return the Findings on the labels in a list of PartCounts, train first, judged by ``counts.Terms``."""
    found = [_find_unlabelled(parts, terms), _find_several(parts, terms), _find_alike(parts), _find_rare(parts[0])]
    found += [_find_small_dev(parts, terms)]
    for part in parts[1:]:
        found += [_find_foreign(parts[0], part), _find_missing(parts[0], part)]
    if terms.kind.by_token:
        found += [_find_lost(parts, reason) for reason in lost.REASONS]
    return list(filter(None, found))


def _find_unlabelled(parts, terms):
    count, places = merge_sightings(part.unlabelled for part in parts)
    total = count_texts(parts)
    if not count:
        return None
    step = "Right where such texts shall get none; else label them, or leave them out."
    if terms.is_exclusive:
        step = 'TASK = "multi_class" refuses them. Label them, leave them out, or choose TASK = "multi_label".'
    summary = f"{count:,} of {total:,} texts have no {'entity' if terms.kind.by_token else 'label'}"
    return Finding("unlabelled_texts", terms.is_exclusive or count > total / 2, count, summary, places, step)


def _find_several(parts, terms):
    count, places = merge_sightings(part.several for part in parts)
    if not count or not terms.is_exclusive:
        return None
    summary = f"{count:,} of {count_texts(parts):,} texts have more than one label"
    step = 'TASK = "multi_class" refuses them. Keep one label each, or choose TASK = "multi_label".'
    return Finding("several_labels", True, count, summary, places, step)


def _find_alike(parts):
    counts, names = sum((part.labels for part in parts), Counter()), defaultdict(list)
    for name in counts:
        names[_fold(name)].append(name)
    alike = [sorted(each, key=lambda name: -counts[name]) for each in names.values() if len(each) > 1]
    if not alike:
        return None
    told = [" and ".join(f'"{show_invisible(name)}" ({counts[name]:,})' for name in each) for each in alike]
    told = "; ".join(told[:_ALIKE]) + (f" and {len(told) - _ALIKE:,} more" if len(told) > _ALIKE else "")
    rarer = [name for each in alike for name in each[1:]]
    return Finding(
        "similar_labels",
        True,
        len(rarer) + len(alike),
        f"{len(rarer) + len(alike):,} of {len(counts):,} labels differ only by width, case, blanks or invisible "
        f"characters: {told}",
        _place_labels(parts, rarer),
        "Write each in one way; as they are, a model learns them as different labels.",
    )


def _fold(name):
    name = unicodedata.normalize("NFKC", name).casefold()
    return "".join(each for each in name if not each.isspace() and unicodedata.category(each)[0] != "C")


def _place_labels(parts, names):
    """Return the place where each of the first labels stands first; one that only a LABEL_FILE names has none."""
    lines = [(part.file, part.label_lines, name) for name in names for part in parts if name in part.label_lines]
    firsts = {name: name_place(file, found[name]) for file, found, name in reversed(lines)}
    return tuple(f"{firsts[name]}: {show_invisible(name)}" for name in names if name in firsts)[:SHOWN]


def _find_rare(train):
    rare = {name: count for name, count in reversed(train.labels.most_common()) if count < _RARE}
    if not rare:
        return None
    total, what = len(train.labels), "entities" if train.by_token else "texts"
    return Finding(
        "rare_labels",
        True,
        len(rare),
        f"{len(rare):,} of {total:,} labels have fewer than {_RARE} {train.name} {what}: {join_counts(rare)}",
        _place_labels([train], list(rare)),
        "Add texts of them, join them with others, or leave them out: of so few nothing is learnt.",
    )


def _find_small_dev(parts, terms):
    dev = next((part for part in parts if part.name == "dev"), None)
    count = sum(dev.labels.values()) if dev else round(DEV_SHARE * sum(parts[0].labels.values()))
    if count >= _DEV_LABELS:
        return None
    what = "entities" if terms.kind.by_token else "labels"
    whose = "dev has" if dev else "there is no dev file, and the share of train that is set aside has about"
    aim = "the best epoch" if terms.kind.threshold_kinds[0] == "none" else "a threshold"
    error = min(0.98 / math.sqrt(max(count, 1)), 0.5)
    return Finding(
        "small_dev",
        True,
        count,
        f"{whose} {count:,} {what}, too few to choose {aim} on: a recall measured on them is uncertain by "
        f"{error:.2f} either way",
        (),
        f"Label more dev texts, {_DEV_LABELS} {what} or more, or trust neither dev scores nor what is chosen by them.",
    )


def _find_foreign(train, part):
    counts = {name: count for name, count in part.labels.most_common() if name not in train.labels}
    if not counts:
        return None
    return Finding(
        "foreign_labels",
        True,
        len(counts),
        f"{len(counts):,} of {len(part.labels):,} {part.name} labels are not in {train.name}: {join_counts(counts)}",
        _place_labels([part], list(counts)),
        "Correct them, or add training texts of them: a label without any is never learnt, and refused unless a "
        "LABEL_FILE names it.",
    )


def _find_missing(train, part):
    counts = {name: count for name, count in train.labels.most_common() if name not in part.labels}
    if not counts:
        return None
    return Finding(
        "missing_labels",
        False,
        len(counts),
        f"{len(counts):,} of {len(train.labels):,} labels have no {part.name} text: {join_counts(counts)}",
        (),
        f"No {part.name} score tells anything of them. data_split.py gives each part its share of every label.",
    )


def _find_lost(parts, reason):
    count, places = merge_sightings(part.lost[reason] for part in parts if reason in part.lost)
    if not count:
        return None
    total = sum(part.entities for part in parts)
    is_serious = reason == lost.BARE_BORDER or count > _LOST_SHARE * total
    summary = f"{count:,} of {total:,} entities can't be found: {reason}"
    return Finding("lost_entities", is_serious, count, summary, places, _LOST_STEPS[reason])
