"""Retrieval examples, against loops over all pairs of images."""

import numpy as np
import pytest

from pacl_core.examples.retrieval import draw_queries, retrieval_rows, same_label_share, top_matches


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)


@pytest.fixture
def labels():
    return np.array(["joy", "fear", "calm", "joy"] * 5, object)


def test_the_nearest_others_come_first(features):
    for row, found in zip((3, 11), top_matches(features, [3, 11], 4), strict=True):
        others = sorted((i for i in range(20) if i != row), key=lambda i: -cosine(features[row], features[i]))
        assert [other for other, _ in found] == others[:4]
        assert found[0][1] == pytest.approx(cosine(features[row], features[others[0]]), abs=1e-5)


def test_an_image_never_finds_itself_even_where_all_are_shown(features):
    (found,) = top_matches(features, [5], 50)
    assert sorted(row for row, _ in found) == [row for row in range(20) if row != 5]


def test_share_of_the_same_label_is_that_of_a_loop(features, labels):
    queries = np.array([0, 4, 7, 13])
    hits = [
        labels[other] == labels[row]
        for row, found in zip(queries, top_matches(features, queries.tolist(), 5), strict=True)
        for other, _ in found
    ]
    assert same_label_share(features, labels, queries, top=5) == pytest.approx(np.mean(hits))
    assert same_label_share(features, labels, queries[:0], top=5) is None


def test_queries_come_from_each_label_in_turn(labels):
    test = np.arange(2, 20)
    drawn = draw_queries(labels, test, 6, seed=0)
    assert [labels[row] for row in drawn[:3]] == ["calm", "fear", "joy"] == [labels[row] for row in drawn[3:]]
    assert len(set(drawn)) == 6
    assert min(drawn) >= 2
    assert drawn == draw_queries(labels, test, 6, seed=0) != draw_queries(labels, test, 6, seed=1)
    assert sorted(draw_queries(labels, test, 100, seed=0)) == test.tolist()


def test_every_query_has_itself_and_what_each_variant_finds(features, labels):
    ids = [f"item{i}" for i in range(20)]
    rows = retrieval_rows(
        "faces", [3, 9], {"initial": features, "pacl": -features}, item_ids=ids, labels=labels, top=2
    )
    assert [(one["query"], one["variant"], one["rank"]) for one in rows] == [
        (0, None, 0),
        (1, None, 0),
        *[(query, variant, rank) for variant in ("initial", "pacl") for query in (0, 1) for rank in (1, 2)],
    ]
    assert rows[1] | {"item_id": "item9", "label": labels[9], "similarity": None} == rows[1]
