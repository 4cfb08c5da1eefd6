"""Graphs of words, PageRank, and the keyword methods that rank by them; networkx and scikit-learn are the judges."""

import itertools
import math
import pickle
import time
from collections import Counter

import networkx
import numpy as np
import pytest

from zhlabel.errors import InputError
from zhlabel.keywords.corpus.topics import Topics, draw_texts, fit_topics, list_topical_words, read_topics, write_topics
from zhlabel.keywords.methods.graphs import connect_words, rank_nodes
from zhlabel.keywords.methods.topic_graphs import group_candidates, score_multipartiterank, score_topicrank
from zhlabel.keywords.methods.word_graphs import (
    score_positionrank,
    score_singlerank,
    score_textrank,
    score_topicalpagerank,
)
from zhlabel.keywords.text.candidates import find_noun_phrases
from zhlabel.keywords.text.words import WordReader

ENGLISH = (
    "Solar kiln design for timber drying\n"
    "A solar kiln dries timber with warm air. The kiln operator measures timber moisture, air temperature and air "
    "humidity. Warm air temperature and low humidity shorten the drying time of hardwood timber; a solar kiln design "
    "with a large collector area raises air temperature. Moisture sensors and a fan controller keep the air humidity."
)
CHINESE = (
    "太阳能窑干燥木材的设计\n太阳能窑用热空气干燥木材。窑工测量木材水分、空气温度和空气湿度。较高的空气温度缩短硬木的干燥时间；"
    "大面积集热器提高太阳能窑的空气温度。水分传感器和风机控制器保持空气湿度。"
)
METHODS = (score_textrank, score_singlerank, score_positionrank, score_topicrank, score_multipartiterank)
TOPICS = Topics({"kiln": 0, "air": 1, "timber": 2}, np.array([[8, 1, 1], [1, 8, 2]], dtype=np.float32), 0.5)


@pytest.fixture(scope="module")
def documents():
    reader = WordReader()
    return [reader.read(ENGLISH), reader.read(CHINESE)]


def _read(text):
    return WordReader(language="en").read(text)


def _make_graph(seed, number=12):
    """Return random weights of a directed graph with loops, missing edges and two nodes that lead nowhere."""
    generator = np.random.default_rng(seed)
    weights = generator.random((number, number)) * (generator.random((number, number)) < 0.4)
    weights[[2, 7]] = 0
    return weights, generator.random(number) * (np.arange(number) != 4)


def _rank_by_networkx(graph, start=None, damping=0.85):
    return networkx.pagerank(graph, alpha=damping, personalization=start, tol=1e-13, max_iter=2000)


def _is_node(word):
    return word.kind in ("noun", "adjective") and not word.is_stop


def _connect_by_loops(document, window, is_weighted=True):
    """Build the word graph as the papers tell it, word by word."""
    graph, words = networkx.Graph(), document.words
    graph.add_nodes_from(word.norm for word in words if _is_node(word))
    for one, other in itertools.combinations(range(len(words)), 2):
        pair = words[one], words[other]
        if other - one < window and all(map(_is_node, pair)) and pair[0].norm != pair[1].norm:
            weight = graph.get_edge_data(pair[0].norm, pair[1].norm, {"weight": 0})["weight"]
            graph.add_edge(pair[0].norm, pair[1].norm, weight=weight + 1 if is_weighted else 1)
    return graph


def _check_sums(document, scored, ranks, longest=5):
    phrases = find_noun_phrases(document, longest=longest)
    assert [each for each, _ in scored] == phrases and len(phrases) >= 5
    expected = [sum(ranks[norm] for norm in each.norms) for each in phrases]
    assert [score for _, score in scored] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("damping", [0.5, 0.85])
def test_ranks_are_those_of_networkx(seed, damping):
    from scipy.sparse import csr_array

    weights, personalization = _make_graph(seed)
    graph = networkx.from_numpy_array(weights, create_using=networkx.DiGraph)
    for start in (None, personalization):
        expected = _rank_by_networkx(graph, None if start is None else dict(enumerate(start)), damping)
        for form in (weights, weights.tolist(), csr_array(weights)):
            ranks = rank_nodes(form, personalization=start, damping=damping)
            assert np.abs(ranks - [expected[node] for node in range(len(weights))]).max() < 1e-6


def test_ranks_of_nothing_and_of_nodes_without_edges():
    assert rank_nodes(np.zeros((0, 0))).shape == (0,)
    assert rank_nodes(np.zeros((2, 2))) == pytest.approx([0.5, 0.5])
    assert rank_nodes(np.zeros((2, 2)), personalization=np.zeros(2)) == pytest.approx([0.5, 0.5])


def test_windows_count_stop_words_and_go_on_over_sentences():
    document = _read("Kilns of timber. Moisture")
    graph = connect_words(document, window=4)
    numbers = [graph.nodes[norm] for norm in ("kiln", "timber", "moistur")]
    assert graph.weights.toarray()[np.ix_(numbers, numbers)].tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert connect_words(document, window=2).weights.sum() == 0


@pytest.mark.parametrize("window", [2, 10])
def test_word_graphs_are_those_of_a_walk_word_by_word(documents, window):
    for document in documents:
        graph, expected = connect_words(document, window=window), _connect_by_loops(document, window)
        assert list(graph.nodes) == list(expected)
        assert (graph.weights.toarray() == networkx.to_numpy_array(expected)).all()


def test_textrank_sums_ranks_of_neighbours_without_weights(documents):
    for document in documents:
        ranks = _rank_by_networkx(_connect_by_loops(document, 2, is_weighted=False))
        _check_sums(document, score_textrank(document), ranks)


def test_singlerank_sums_ranks_of_counted_windows(documents):
    for document in documents:
        _check_sums(document, score_singlerank(document), _rank_by_networkx(_connect_by_loops(document, 10)))


def test_positionrank_starts_at_early_words(documents):
    for document in documents:
        start = {}
        for place, word in enumerate(document.words, 1):
            if _is_node(word):
                start[word.norm] = start.get(word.norm, 0) + 1 / place
        ranks = _rank_by_networkx(_connect_by_loops(document, 10), start)
        _check_sums(document, score_positionrank(document), ranks, longest=3)


def test_candidates_that_share_a_quarter_of_their_words_are_one_topic():
    phrases = find_noun_phrases(_read("Solar kiln. Solar kilns design. Air humidity. Fan. Large air humidity."))
    topics = group_candidates(phrases)
    assert [each.norms[-1] for each in phrases] == ["kiln", "design", "humid", "fan", "humid"]
    assert topics[0] == topics[1] and topics[2] == topics[4] and len(set(topics)) == 3


def test_topics_are_those_of_scipys_own_distances(documents):
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    for document in documents:
        phrases = find_noun_phrases(document)
        norms = sorted({norm for each in phrases for norm in each.norms})
        has_word = np.array([[norm in each.norms for norm in norms] for each in phrases])
        expected = fcluster(linkage(pdist(has_word, "jaccard"), "average"), 0.74, "distance")
        topics = group_candidates(phrases)
        assert ((topics[:, None] == topics) == (expected[:, None] == expected)).all() and len(set(topics)) > 3


def _weigh_by_loops(one, other):
    weight = 0
    for place, second in itertools.product(one.places, other.places):
        length = len(one.norms) if place < second else len(other.norms)
        weight += 1 / max(abs(place - second) - length + 1, 1)
    return weight


def test_topicrank_ranks_topics_by_nearness_and_gives_their_first_phrases(documents, monkeypatch):
    monkeypatch.setattr("zhlabel.keywords.methods.topic_graphs._MOST_CELLS", 50)  # several blocks
    for document in documents:
        phrases = find_noun_phrases(document)
        topics = group_candidates(phrases)
        graph = networkx.Graph()
        for one, other in itertools.combinations(range(len(phrases)), 2):
            if topics[one] != topics[other]:
                pair = int(topics[one]), int(topics[other])
                weight = graph.get_edge_data(*pair, {"weight": 0})["weight"]
                graph.add_edge(*pair, weight=weight + _weigh_by_loops(phrases[one], phrases[other]))
        ranks = _rank_by_networkx(graph)
        firsts = {int(topic): phrases[list(topics).index(topic)] for topic in topics}
        scored = dict(score_topicrank(document))
        assert scored == pytest.approx({firsts[topic]: rank for topic, rank in ranks.items()}, abs=1e-6)


def test_multipartiterank_connects_topics_and_favours_first_phrases(documents):
    for document in documents:
        phrases, graph = find_noun_phrases(document), networkx.DiGraph()
        topics, number = group_candidates(phrases), range(len(phrases))
        for one, other in itertools.permutations(number, 2):
            if topics[one] != topics[other]:
                graph.add_edge(one, other, weight=_weigh_by_loops(phrases[one], phrases[other]))
        added = {}
        for first in number:
            if first == list(topics).index(topics[first]):
                rest = [each for each in number if topics[each] == topics[first] and each != first]
                force = 1.1 * math.exp(1 / (1 + phrases[first].places[0]))
                for end in graph[first]:
                    added[end, first] = force * sum(graph[each][end]["weight"] for each in rest)
        assert any(added.values())
        for edge, weight in added.items():
            graph.edges[edge]["weight"] += weight
        ranks = _rank_by_networkx(graph)
        expected = [ranks[each] for each in number]
        scored = score_multipartiterank(document)
        assert [each for each, _ in scored] == phrases
        assert [score for _, score in scored] == pytest.approx(expected, abs=1e-6)


def test_topicalpagerank_starts_at_words_of_the_documents_topics(documents):
    document = documents[0]
    own = TOPICS.tell(list_topical_words(document))
    shares = TOPICS.weights / TOPICS.weights.sum(axis=1, keepdims=True)
    cosines = {norm: own @ shares[:, place] for norm, place in TOPICS.words.items()}
    cosines = {
        norm: cosines[norm] / np.linalg.norm(own) / np.linalg.norm(shares[:, TOPICS.words[norm]]) for norm in cosines
    }
    graph = _connect_by_loops(document, 10)
    start = {norm: cosines.get(norm, min(cosines.values())) for norm in graph}
    _check_sums(document, score_topicalpagerank(document, topics=TOPICS), _rank_by_networkx(graph, start))


def test_topicalpagerank_is_singlerank_where_no_word_is_known(documents):
    topics = Topics({"opera": 0}, np.ones((2, 1), dtype=np.float32), 0.5)
    assert score_topicalpagerank(documents[0], topics=topics) == score_singlerank(documents[0])


@pytest.mark.parametrize("score", METHODS)
@pytest.mark.parametrize(("text", "number"), [("", 0), ("。!?", 0), ("They went.", 0), ("Timber.", 1)])
def test_texts_of_no_or_one_phrase(score, text, number):
    assert len(score(_read(text))) == number
    assert len(score_topicalpagerank(_read(text), topics=TOPICS)) == number


@pytest.mark.parametrize("score", METHODS)
def test_a_long_document_takes_a_second_at_most(score):
    generator = np.random.default_rng(0)
    nouns = [f"{first}{second}" for first, second in itertools.product("abcdefghijklmnopqrst", repeat=2)]
    phrases = (
        " ".join(nouns[each] for each in generator.integers(0, len(nouns), 1 + generator.integers(3)))
        for _ in range(2000)
    )
    document = _read(" of ".join(phrases))
    assert len(find_noun_phrases(document)) > 1200
    score(document)
    started = time.process_time()
    score(document)
    assert time.process_time() - started < 3  # 0.1 to 0.5 s on a machine of its own


CORPUS = ["solar kiln timber moisture", "kiln timber drying air", "opera singer stage voice", "stage voice opera music"]


def _fit(texts=CORPUS, **options):
    return fit_topics(map(_read, texts * 5), number=2, **options)


def test_topics_of_a_document_are_those_of_scikit_learn():
    from sklearn.decomposition import LatentDirichletAllocation

    topics = _fit()
    judge = LatentDirichletAllocation(2, doc_topic_prior=topics.prior)
    counts = np.zeros((1, len(topics.words)), dtype=np.int64)
    norms = list_topical_words(_read("The opera singer sang on the stage in a kiln, an opera of unheard timbre."))
    for norm in norms:
        if norm in topics.words:
            counts[0, topics.words[norm]] += 1
    judge.fit(counts)
    judge.components_ = topics.weights.astype(np.float64)
    from scipy.special import digamma

    judge.exp_dirichlet_component_ = np.exp(
        digamma(judge.components_) - digamma(judge.components_.sum(axis=1, keepdims=True))
    )
    assert topics.tell(norms) == pytest.approx(judge.transform(counts)[0], abs=1e-9)
    assert topics.tell(norms).max() > 0.6
    assert topics.tell(["unheard"]) == pytest.approx([0.5, 0.5])


def test_topics_part_a_corpus_of_two_subjects():
    topics = _fit()
    timber, opera = (topics.tell(text.split()) for text in ("kiln timber", "opera stage"))
    assert timber.argmax() != opera.argmax()


def test_topics_are_the_same_on_each_fit():
    assert (_fit().weights == _fit().weights).all()
    assert len(_fit(most_words=3).words) == 3


def test_of_a_large_corpus_some_are_drawn_each_with_the_same_chance():
    assert draw_texts("abc", most=3) == ["a", "b", "c"] == draw_texts("abc")
    assert draw_texts("abc", most=2, seed=5) == draw_texts("abc", most=2, seed=5)
    numbers = Counter(each for seed in range(600) for each in draw_texts("abcdef", most=2, seed=seed))
    assert numbers.total() == 1200 and all(150 < numbers[each] < 250 for each in "abcdef")


def test_topics_are_written_without_pickle_and_read_again(tmp_path):
    topics = _fit()
    write_topics(tmp_path / "topics.bin", topics)
    found = read_topics(tmp_path / "topics.bin")
    assert found.words == topics.words and found.prior == topics.prior
    assert found.weights.dtype == np.float32 and (found.weights == topics.weights).all()
    with np.load(tmp_path / "topics.bin", allow_pickle=False) as arrays:
        assert not any(arrays[name].dtype.hasobject for name in arrays)


class _Trap:
    def __reduce__(self):
        return pytest.fail, ("code of the file was run",)


def test_files_of_another_form_are_refused_and_never_run(tmp_path):
    path = tmp_path / "topics.npz"
    arrays = {"form": np.array("zhlabel topics 1"), "weights": np.ones((2, 3)), "prior": 0.5}
    np.savez(tmp_path / "short.npz", words=np.frombuffer(b"a\nb", dtype=np.uint8), **arrays)
    np.savez(tmp_path / "trap.npz", words=np.array([_Trap()], dtype=object), **arrays)
    (tmp_path / "text.npz").write_text("solar kiln")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(_Trap()))
    for name in ("short", "trap", "text", "empty", "pickle"):
        with pytest.raises(InputError, match="another form"):
            read_topics(path.with_name(f"{name}.npz"))
    with pytest.raises(InputError, match="can't be read"):
        read_topics(path)


def test_a_corpus_without_common_words_is_refused():
    with pytest.raises(InputError, match="occurs in two of the 2 documents"):
        fit_topics(map(_read, ["kiln", "opera"]), number=2)
