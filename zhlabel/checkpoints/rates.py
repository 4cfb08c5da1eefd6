"""The peak learning rate that suits a checkpoint."""

from zhlabel.checkpoints.bundled import BUNDLED
from zhlabel.checkpoints.families import FAMILIES

_SIZES = ((384, "small"), (768, "base"))  # widths up to these; wider is large
_FROM_SCRATCH = 1e-4


def recommend_learning_rate(config, family, bundled, *, from_scratch=False):
    """Return the peak learning rate that suits an encoder, and the reason, to be printed.

    Args:
        config: a normalised config.
        family: its family.
        bundled: name of the bundled checkpoint that the weights are; "" for all others.
        from_scratch: whether the weights begin as random numbers.

    >>> recommend_learning_rate({"hidden_size": 768}, "bert", "")
    (2e-05, 'a base bert (hidden_size 768)')
    """
    if from_scratch:
        return _FROM_SCRATCH, "the weights begin at random"
    if bundled:
        return BUNDLED[bundled].learning_rate, f"the bundled {bundled}"
    width = config["hidden_size"]
    place = sum(width > widest for widest, _ in _SIZES)
    size = (*(name for _, name in _SIZES), "large")[place]
    return FAMILIES[family].learning_rates[place], f"a {size} {family} (hidden_size {width})"
