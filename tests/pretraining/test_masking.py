"""Which tokens are masked: the share, whole words, the three fates, and batches that depend on seed and step alone."""

import numpy as np
import pytest
import toy

from zhlabel.errors import InputError
from zhlabel.pretraining.corpus import Rows
from zhlabel.pretraining.masking import MASKINGS, MaskedBatches, find_token_kinds, mask_batch, split_rows

VOCABULARY = {token: i for i, token in enumerate(toy.VOCABULARY)}
KINDS = find_token_kinds(VOCABULARY, place="vocab.txt")


def make_rows(*, rows=64, length=40, seed=0):
    """Rows of ordinary tokens in words of one to four tokens, between [CLS] and [SEP]."""
    random = np.random.default_rng(seed)
    ids = random.choice(KINDS.substitutes, (rows, length))
    starts = random.random((rows, length)) < 0.5
    ids[:, 0], ids[:, -1], starts[:, [0, 1, -1]] = 2, 3, True
    return ids.astype(np.int32), starts


def draw(ids, starts, *, masking="whole_word", share=0.15, seed=1):
    options = {"kinds": KINDS, "masking": masking, "share": share, "generator": np.random.default_rng(seed)}
    return mask_batch(ids, starts, **options)


@pytest.mark.parametrize("masking", MASKINGS)
def test_the_share_of_masked_tokens_is_the_wanted_one(masking):
    ids, starts = make_rows(rows=400)
    for share in (0.15, 0.4):
        places, _ = draw(ids, starts, masking=masking, share=share)
        assert len(places) / KINDS.is_text[ids].sum() == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize("masking", MASKINGS)
def test_no_row_has_more_than_its_share_and_each_has_one(masking):
    ids, starts = make_rows(rows=100, length=12)
    starts[:, 2] = True
    places, _ = draw(ids, starts, masking=masking)
    counts = np.bincount(places // 12, minlength=100)
    assert counts.min() == 1 and counts.max() == 2  # of ten tokens: 1 or 2, 1.5 in the mean


def test_a_place_is_chosen_once_and_places_rise():
    ids, starts = make_rows()
    for masking in MASKINGS:
        places, _ = draw(ids, starts, masking=masking, share=0.6)
        assert (np.diff(places) > 0).all()


def list_chosen_words(ids, starts, places):
    """Return {(row, word): share of the word's tokens that is masked}."""
    words = np.cumsum(starts, axis=1)
    chosen = np.zeros(ids.size, bool)
    chosen[places] = True
    chosen, found = chosen.reshape(ids.shape), {}
    for row in range(len(ids)):
        for word in np.unique(words[row][chosen[row]]):
            found[row, int(word)] = chosen[row][words[row] == word].mean()
    return found


def test_words_are_masked_whole_and_tokens_are_not():
    ids, starts = make_rows()
    for masking in ("whole_word", "span"):
        places, _ = draw(ids, starts, masking=masking)
        assert set(list_chosen_words(ids, starts, places).values()) == {1.0}, masking
    places, _ = draw(ids, starts, masking="token")
    assert min(list_chosen_words(ids, starts, places).values()) < 1


def test_where_every_word_is_longer_than_the_share_the_shortest_is_masked():
    ids, starts = make_rows(rows=8, length=12)
    starts[:, 2:-1] = False
    starts[:, 7] = True  # words of six and four tokens
    places, _ = draw(ids, starts)
    assert (places.reshape(8, 4) % 12 == [7, 8, 9, 10]).all()


def test_spans_are_of_words_that_follow_one_another():
    ids, starts = make_rows(rows=300, length=100)
    starts[:] = True

    def count_runs(masking):
        places, _ = draw(ids, starts, masking=masking)
        return len(places) / (np.diff(places, prepend=-9) != 1).sum()

    assert count_runs("span") > 2.5 > 1.5 > count_runs("whole_word")


def test_of_the_masked_tokens_eight_in_ten_are_shown_as_mask_and_one_as_it_is():
    ids, starts = make_rows(rows=2000)
    places, shown = draw(ids, starts)
    masked, kept = shown == KINDS.mask_id, shown == ids.ravel()[places]
    assert masked.mean() == pytest.approx(0.8, abs=0.02)
    # a random token is the right one now and then
    assert kept.mean() == pytest.approx(0.1 + 0.1 / len(KINDS.substitutes), abs=0.015)
    assert set(shown[~masked]) <= set(KINDS.substitutes)


def test_all_of_a_word_has_one_fate():
    ids, starts = make_rows()
    places, shown = draw(ids, starts, share=0.3)
    words = np.cumsum(starts, axis=1).ravel()[places] + 1000 * (places // 40)
    for word in np.unique(words):
        assert len(set((shown[words == word] == KINDS.mask_id).tolist())) == 1


def test_special_tokens_padding_and_unknown_ones_are_neither_masked_nor_shown():
    ids, starts = make_rows(rows=200, length=20)
    ids[:, 5], ids[:, 15:] = 1, 0
    places, shown = draw(ids, starts, share=0.9)
    assert not np.isin(places % 20, [0, 5, *range(15, 20)]).any()
    assert not np.isin(shown, [0, 1, 2, 3]).any()
    assert not any(toy.VOCABULARY[i].startswith("[unused") for i in set(shown.tolist()))


def test_a_batch_without_ordinary_tokens_has_nothing_to_predict():
    places, shown = draw(np.array([[2, 1, 3, 0]], np.int32), np.ones((1, 4), bool))
    assert len(places) == len(shown) == 0


def test_a_vocabulary_without_mask_is_refused():
    with pytest.raises(InputError, match=r"vocab.txt: it lacks \[MASK\]"):
        find_token_kinds({"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "雨": 4}, place="vocab.txt")
    with pytest.raises(InputError, match="ordinary tokens"):
        find_token_kinds({"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4}, place="vocab.txt")


def make_batches(**changes):
    random, lengths = np.random.default_rng(3), np.random.default_rng(4).integers(4, 20, 50)
    ids = random.choice(KINDS.substitutes, lengths.sum()).astype(np.int32)
    starts = np.cumsum([0, *lengths])
    ids[starts[:-1]], ids[starts[1:] - 1] = 2, 3
    rows = Rows(ids, np.ones(len(ids), bool), starts, np.sort(random.integers(0, 9, 50)))
    options = {"masking": "token", "share": 0.3, "batch_size": 8, "dev_share": 0.1, "seed": 5}
    return MaskedBatches(rows, KINDS, **{**options, **changes})


def same(one, other):
    return all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


def test_a_batch_depends_on_seed_and_step_alone():
    steps = make_batches().steps_per_epoch
    whole = list(make_batches().draw(range(2 * steps)))
    for begin in (1, steps, steps + 2):
        assert all(map(same, make_batches().draw(range(begin, 2 * steps)), whole[begin:]))
    other = list(make_batches(seed=6).draw(range(2 * steps)))
    assert not any(map(same, other, whole))


def test_a_pass_has_each_training_row_once_and_the_next_one_other_masks():
    batches = make_batches()
    steps = batches.steps_per_epoch
    passes = [list(batches.draw(range(n * steps, (n + 1) * steps))) for n in (0, 1)]
    train = batches.parts[0]
    wanted = sorted(tuple(batches.rows.token_ids[batches.rows.starts[i] : batches.rows.starts[i + 1]]) for i in train)
    drawn = []
    for one in passes:
        assert sorted(tuple(row[row > 0]) for ids, _, _ in one for row in ids) == wanted
        drawn.append(
            {
                (*row[row > 0], *places[places // ids.shape[1] == i] % ids.shape[1])
                for ids, places, _ in one
                for i, row in enumerate(ids)
            }
        )
    assert len(drawn[0] & drawn[1]) < len(wanted) / 4


def test_held_out_batches_are_the_same_each_time_and_none_of_training():
    batches = make_batches()
    assert all(map(same, batches.draw_held_out(), make_batches().draw_held_out()))
    train, held_out = batches.parts
    assert not set(train) & set(held_out) and len(train) + len(held_out) == 50
    assert sum(len(ids) for ids, _, _ in batches.draw_held_out()) == len(held_out) == 5


@pytest.mark.parametrize("documents", [[0] * 300, [0, 1], list(range(100)), [0] * 150 + [3] * 2 + [4] * 148])
def test_the_held_out_share_is_exact_and_stands_together(documents):
    documents = np.array(documents)
    train, held_out = split_rows(documents, 0.1, seed=1)
    assert len(held_out) == max(1, round(0.1 * len(documents)))
    assert np.array_equal(np.sort(np.concatenate([train, held_out])), np.arange(len(documents)))
    if len(documents) == 300:
        assert (np.diff(held_out) != 1).sum() <= 2
