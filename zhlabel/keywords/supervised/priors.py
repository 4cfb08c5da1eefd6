"""What was a gold keyword before: how often phrases, words, neighbours and patterns of kinds had to do with one."""

from collections import Counter

from zhlabel.keywords.text.kinds import MARK

FAMILIES = ("first", "last", "any", "left", "right", "pattern", "head", "tail")
_GOLD_FAMILIES = ("phrase", "word")
_DOUBT = 10  # candidates that the mean rate weighs; the rate of a rare word stays near the mean


class Priors:
    """Counts of candidates and of those that were gold, by what they have in common.

    The families are candidates that begin (first) or end (last) with a word or have it (any); stand right of a word
    (left) or left of one (right) at their first place; have the same kinds of words (pattern); begin (head) or end
    (tail) with the same letters. "phrase" and "word" count the gold keywords, those absent from their text too.

    Args:
        tables: {family: (Counter of candidates, Counter of gold ones)}; None: nothing counted yet.
        candidates: all candidates that were counted.
        gold: the gold ones among them.
    """

    def __init__(self, tables=None, candidates=0, gold=0):
        self.tables = tables or {family: (Counter(), Counter()) for family in (*FAMILIES, *_GOLD_FAMILIES)}
        self.candidates, self.gold = candidates, gold
        self._rates, self._base = {}, self.base  # {family: {key: rate}}, filled when first asked for

    def add(self, document, candidates, is_gold, gold_norms):
        """Count one more document.

        Args:
            document: a Document.
            candidates: its Candidates.
            is_gold: for each of them whether it is a gold keyword.
            gold_norms: tuples of norms, the gold keywords of the document.
        """
        self.candidates += len(candidates)
        self.gold += sum(is_gold)
        by_word = {family: {} for family in ("first", "last", "any")}
        for candidate, gold in zip(candidates, map(int, is_gold), strict=True):
            keys = tell_keys(document, candidate)
            for family in FAMILIES[3:]:
                self._count(family, keys[family], gold)
            norms = candidate.norms
            for family, each in [("first", norms[0]), ("last", norms[-1]), *(("any", norm) for norm in norms)]:
                by_word[family][each] = max(gold, by_word[family].get(each, 0))
        for family, found in by_word.items():
            for norm, gold in found.items():
                self._count(family, norm, gold)
        for norms in gold_norms:
            self._count("phrase", join_norms(norms), 1)
            for norm in set(norms):
                self._count("word", norm, 1)
        self._rates, self._base = {}, self.base

    def without(self, other):
        """Return the counts less those of some of the documents.

        Args:
            other: the Priors of these documents.

        Returns:
            Priors.
        """
        tables = {
            family: tuple(mine - theirs for mine, theirs in zip(pair, other.tables[family], strict=True))
            for family, pair in self.tables.items()
        }
        return Priors(tables, self.candidates - other.candidates, self.gold - other.gold)

    def merge(self, other):
        """Add the counts of other documents to these.

        Args:
            other: their Priors.
        """
        for family, pair in self.tables.items():
            for mine, theirs in zip(pair, other.tables[family], strict=True):
                mine.update(theirs)
        self.candidates += other.candidates
        self.gold += other.gold
        self._rates, self._base = {}, self.base

    def rate(self, family, key):
        """Return the share of gold ones among candidates of a kind, drawn to the share among all where they are few.

        Args:
            family: one of FAMILIES.
            key: a word, letters or pattern.
        """
        if family not in self._rates:
            seen, gold = self.tables[family]
            drawn = _DOUBT * self.base
            self._rates[family] = {each: (gold.get(each, 0) + drawn) / (many + _DOUBT) for each, many in seen.items()}
        return self._rates[family].get(key, self._base)

    @property
    def base(self):
        """The share of gold ones among all candidates."""
        return self.gold / max(self.candidates, 1)

    def to_json(self):
        """Return the counts as a value that JSON holds."""
        tables = {
            family: {key: [seen[key], gold.get(key, 0)] for key in sorted(seen)}
            for family, (seen, gold) in self.tables.items()
        }
        return {"candidates": self.candidates, "gold": self.gold, "tables": tables}

    @classmethod
    def from_json(cls, value):
        """Build Priors of what ``to_json`` gave.

        Args:
            value: that value.
        """
        tables = {
            family: tuple(
                Counter({key: pair[place] for key, pair in counts.items() if pair[place]}) for place in (0, 1)
            )
            for family, counts in value["tables"].items()
        }
        return cls(tables, value["candidates"], value["gold"])

    def _count(self, family, key, gold):
        seen, golds = self.tables[family]
        seen[key] += 1
        if gold:
            golds[key] += 1


def join_norms(norms):
    """Return the form in which a candidate and a gold keyword are the same however they were divided into words.

    Args:
        norms: the normal forms of the words.

    >>> join_norms(("文本", "分类")) == join_norms(("文本分类",))
    True
    """
    return "".join(norms)


def mark_gold(candidates, gold):
    """Describe of each candidate whether it is a gold keyword, however either was divided into words.

    Args:
        candidates: Candidates.
        gold: tuples of norms.

    Returns:
        A list of booleans.
    """
    wanted = set(map(join_norms, gold))
    return [join_norms(each.norms) in wanted for each in candidates]


def tell_keys(document, candidate):
    """Return what a candidate has in common with others, by its first place.

    Args:
        document: a Document.
        candidate: a Candidate of it.

    Returns:
        {family: key} of left, right, pattern, head and tail.
    """
    words, place = document.words, candidate.places[0]
    end = place + len(candidate.norms)
    is_inside = place > 0 and words[place - 1].sentence == words[place].sentence
    goes_on = end < len(words) and words[end].sentence == words[place].sentence
    letters = 1 if document.language == "zh" else 3
    return {
        "left": words[place - 1].norm if is_inside else "",
        "right": words[end].norm if goes_on else "",
        "pattern": "".join(_mark_kind(document, word) for word in words[place:end]),
        "head": candidate.norms[0][:letters],
        "tail": candidate.norms[-1][-letters:],
    }


def _mark_kind(document, word):
    if word.is_stop:
        return "s"
    return document.text[word.start] if word.kind == MARK else word.kind[0]
