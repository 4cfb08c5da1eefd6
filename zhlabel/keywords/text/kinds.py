"""Kinds of words: noun, adjective, verb, other, mark. English ones are told by small lists and endings, no model."""

import re

NOUN, ADJECTIVE, VERB, OTHER, MARK = "noun", "adjective", "verb", "other", "mark"
# jieba's dictionary: its kinds by their letters; every kind that begins with n is a noun. Verbs and adjectives that it
# calls nouns too (vn, an), foreign words, idioms and abbreviations count as nouns.
_JIEBA = {"vn": NOUN, "an": NOUN, "eng": NOUN, "l": NOUN, "j": NOUN, "i": NOUN, "a": ADJECTIVE, "ad": ADJECTIVE}
_JIEBA |= {"ag": ADJECTIVE, "b": ADJECTIVE, "v": VERB, "vd": VERB, "vi": VERB, "vg": VERB}


def _split(words):
    return frozenset(words.split())


# English words by kind. Where a word has several, its place among other words decides (english.py), or the commonest.
_VERBS = _split(
    """
    accelerate accommodate accompany accomplish achieve acquire adapt adopt affect allocate allow analyse analyze
    announce anticipate appear apply argue arise assess assign assist assume assure attain become begin believe
    belong bring build calculate call capture carry choose classify collect combine communicate compare compensate
    compete complement compose compute conclude conduct confirm connect consider consist constitute construct
    consume contain contribute convert correspond create deal decide define deliver demonstrate denote depend derive
    describe determine develop differ diminish disappear discover discuss distinguish distribute eliminate embed
    emerge employ enable encounter encourage enhance ensure enter establish evaluate evolve examine exceed execute
    exhibit exist expand expect explain exploit explore express extend extract facilitate fail find follow formulate
    gather generate get give go guide handle help identify illustrate implement impose improve include incorporate
    increase indicate induce infer influence inform integrate interpret introduce investigate invoke involve keep
    know lack lead learn let maintain make manage meet motivate obtain occur operate organize outline outperform
    overcome perceive perform permit play possess predict prefer preserve prevent produce prohibit promote propose
    prove provide publish pursue reach receive recommend reduce refer reflect reject relate rely remain remove
    replace represent require resolve retain retrieve reveal satisfy say see seek seem select send serve show solve
    speak specify stimulate submit succeed suffer suggest suppose tackle take tell tend think transmit treat try
    undergo understand undertake update utilize validate vary verify visualize want write
    """
)
# Verbs that are as often nouns: as they stand, or in the plural, they are taken for nouns.
_VERBS_OR_NOUNS = _split(
    """
    address aim attempt capture change display effect estimate experience extract focus guide handle help increase
    influence lack need play present reach report result support update use yield
    """
)
_VERB_ENDING = re.compile(r"[a-z]{3}(?:ize|izes|izing|ify|ifies|ifying|yze|yzes|yzing)$")
_NOUNS_LIKE_VERBS = _split(
    "building computing finding learning meaning meeting embedding understanding writing prize prizes downsize oversize"
)
_IRREGULAR = _split(
    "became become begun brought built came chose chosen drawn fell felt found gave given got grew grown held kept "
    "known led lost made meant met proven ran said seen sent shown sought spent taken taught thought told took "
    "understood undertaken went written wrote"
)
# Words of closed classes, by what stands behind them.
DETERMINERS = _split(
    """
    a all an another any both each every her his its my no our several some such that the their these this those
    various your
    """
)
PREPOSITIONS = _split(
    """
    across against among and as at between but by during for from in into of on or over than through to toward
    towards under using via with within without
    """
)
BEFORE_VERBS = _split("can cannot could didn't doesn't don't i may might must shall should they to we will would you")
_OTHERS = DETERMINERS | PREPOSITIONS | BEFORE_VERBS
_OTHERS |= _split(
    """
    about above abroad according after afterwards again ahead almost alone also although am amongst anyway apart are
    around aside be because been before behind being below beneath beside besides beyond concerning considering
    despite did do does done down due else elsewhere enough et etc even ever except forth had has have having he
    hence here hereby hers herself him himself how however ibid if ii iii indeed instead is it itself just later
    likewise maybe me meanwhile mine moreover myself namely near neither never nevertheless nor not now nowadays off
    often once onto otherwise ours ourselves out overnight perhaps quite rather since so soon sooner still
    themselves then there thereafter thereby therefore therein thereof though thus today tomorrow too twice unless
    unlike until up upon us viz was were what when where whereas whereby whether which while who whom whose why
    yesterday yet yours
    """
)
_LY_NOUNS = _split("anomaly assembly butterfly family fly monopoly rally reply supply")
_LY_ADJECTIVES = _split("costly daily early friendly likely monthly only timely unlikely weekly yearly")
_ADJECTIVES = _split(
    """
    able absolute abundant accurate adequate adjacent adverse agile alternate ancient apparent appropriate
    approximate available aware bad basic best better big black brief broad certain cheap clear close coarse
    coherent cold common compact competent complete complex concise concrete concurrent consequent consistent
    constant convenient convergent corporate correct cross current deep dense dependent different difficult direct
    discrete distinct divergent diverse dominant double dry dual early easy efficient elegant emergent empty entire
    equal equivalent evident exact excellent explicit extra extreme fair false fast few final fine finite first
    flexible former forward fragile free frequent full fuzzy good great handheld hard healthy heavy hidden high hot
    huge human hybrid immediate implicit important inadequate inconsistent independent inexact inferior infinite
    inherent inner insensitive insufficient intact intelligent intense interactive interior intermediate intricate
    invalid key known large last late latent latter least less light linear little local long loose low main major
    manifest many massive mature maximum minimum minor mobile moderate modern more most multiple narrow new next
    noisy non normal novel nuclear numerous obvious odd offline old online open opposite optimum other outer overall
    parallel particular permanent persistent polar poor possible precise present prior private prominent proper
    pure quick random rapid rare raw ready real recent recurrent redundant relevant reluctant remote resistant rich
    right rigid robust rough rural same secure senior separate several severe shallow sharp short significant silent
    similar simple single slow small smart smooth soft solar solid sparse special specific stable standard steady steep
    straightforward strict strong subsequent subtle such sudden sufficient superior thick thin tight tiny tolerant
    total transient transparent true turbulent typical ultimate unaware uncertain unclear uniform unique unknown
    upper urban urgent usual vague valid vast versatile volatile warm weak wet white wide worse worst wrong young
    """
)
_COMPARED = _split(
    """
    broad cheap clean clear close deep fast few fine great hard heavy high large late light long low near new old
    poor rich rough sharp short simple slow small smart smooth soft strong thick thin tight warm weak wide young
    """
)
_ADJECTIVE_ENDING = re.compile(
    r"(?:(?:[^aeiou]|i|u|e)al|ous|[ts]ive|able|ible|[^aeiou]ic|ful|less|[^aeiou]ary|ish|like|wise|ular|linear|ean|ian|"
    r"ese|-(?:\w+(?:ed|ing)|free|wide|scale|level|time|order|specific|aware|dimensional|term|driven|world))$"
    r"|^(?:full|half|high|large|long|low|real|short|single|small|well|one|two|three|four|five|six)-"
)
_NOUNS_LIKE_ADJECTIVES = _split(
    """
    adjective animal appeal appraisal approval arithmetic arrival bible boundary cable capital carnival ceramic
    civilian clinic clinician comic commentary critic crystal decimal denial derivative dictionary differential
    disposal epidemic ethic executive fabric festival fractal glossary goal graphic guardian hamiltonian handful
    hessian heuristic hospital incentive initiative integral interval jacobian journal lagrangian laplacian
    librarian library logic magic manual material mathematician mechanic medal median metal metric mineral mosaic
    motive music musician narrative numeral objective ocean panic pedal pedestrian perspective physician plastic
    politician polynomial portal potential principal professional proposal recital referral refusal removal renewal
    republic retrieval reversal rhetoric rival salary scandal secretary signal spiral statistic statistician summary
    survival table technician terminal timetable topic traffic trial tribunal tutorial variable vegetable vocabulary
    withdrawal
    """
)


def tell_english_kind(word):
    """Return the commonest kind of an English word by its spelling alone.

    "present" and "needs" are nouns here wherever they stand; ``tell_english_kinds`` of english.py sees the words
    around them too.

    Args:
        word: a word as it stands in the text, without blanks.

    Returns:
        "noun", "adjective", "verb" or "other" (numbers, adverbs, prepositions, pronouns and the like).

    >>> [tell_english_kind(word) for word in ("Neural", "networks", "clearly", "outperformed", "2")]
    ['adjective', 'noun', 'other', 'verb', 'other']
    """
    lower = word.lower()
    if not any(map(str.isalpha, word)) or lower in _OTHERS:
        return OTHER
    if lower in _ADJECTIVES or lower in _LY_ADJECTIVES or _is_compared(lower):
        return ADJECTIVE
    if lower in _NOUNS_LIKE_ADJECTIVES or lower in _LY_NOUNS or lower in _NOUNS_LIKE_VERBS:
        return NOUN
    if lower in _IRREGULAR or _is_verb(lower):
        return VERB
    if lower.endswith("ly"):
        return OTHER
    return ADJECTIVE if len(lower) > 4 and _ADJECTIVE_ENDING.search(lower) else NOUN


def tell_jieba_kind(flag):
    """Return the kind that a part-of-speech flag of jieba's dictionary stands for.

    Args:
        flag: such as "n", "nr", "vn", "d".

    >>> tell_jieba_kind("nr"), tell_jieba_kind("b"), tell_jieba_kind("d")
    ('noun', 'adjective', 'other')
    """
    return NOUN if flag[:1] == "n" else _JIEBA.get(flag, OTHER)


def _is_verb(lower):
    """Return whether a word is a form of one of the listed verbs, or ends as a past form does."""
    if "-" in lower:
        return False
    if lower in _VERBS_OR_NOUNS or lower.removesuffix("s") in _VERBS_OR_NOUNS:
        return False
    if lower in _VERBS or _VERB_ENDING.search(lower):
        return True
    if lower.endswith("ed") and len(lower) > 4 and not lower.endswith("eed"):
        return True
    for ending in ("s", "es", "ing"):
        if lower.endswith(ending):
            base = lower.removesuffix(ending)
            doubled = base[:-1] if len(base) > 2 and base[-1:] == base[-2:-1] else base
            if base in _VERBS or base + "e" in _VERBS or doubled in _VERBS:
                return True
    return lower.endswith("ies") and lower.removesuffix("ies") + "y" in _VERBS


def _is_compared(lower):
    """Return whether a word is "larger", "largest" or the like."""
    for ending in ("er", "est"):
        base = lower.removesuffix(ending)
        if base != lower and (base in _COMPARED or base + "e" in _COMPARED or base[:-1] in _COMPARED):
            return True
    return False
