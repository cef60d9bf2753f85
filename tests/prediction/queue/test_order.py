"""Order of the queue: the most instructive pictures first."""

from __future__ import annotations

import numpy as np

from core.prediction.queue.order import cosines, most_informative_first, most_typical_first


def test_the_least_sure_comes_first() -> None:
    """With unlike pictures only the length of the gradient counts: 2 · (1 - p)² for two classes."""
    gradients = np.array([[-0.1, 0.1], [-0.45, 0.45], [-0.3, 0.3]])
    assert most_informative_first(gradients, np.eye(3)).tolist() == [1, 2, 0]


def test_a_second_shot_of_a_scene_waits_for_other_scenes() -> None:
    """Rows 0 and 1 are the same scene, the least sure; row 2 is another one, surer."""
    gradients = np.array([[-0.5, 0.5], [-0.48, 0.48], [-0.3, 0.3]])
    similarities = np.array([[1, 0.99, 0.1], [0.99, 1, 0.1], [0.1, 0.1, 1]])
    assert most_informative_first(gradients, similarities).tolist() == [0, 2, 1]


def test_another_doubt_about_a_like_picture_is_another_question() -> None:
    """Row 1 looks like row 0 and is unsure between other classes; row 2 repeats the doubt of row 0."""
    gradients = np.array([[-0.5, 0.5, 0, 0], [0, 0, -0.45, 0.45], [-0.47, 0.47, 0, 0]])
    similarities = np.full((3, 3), 0.95) + 0.05 * np.eye(3)
    assert most_informative_first(gradients, similarities).tolist() == [0, 1, 2]


def test_distances_are_those_of_the_gradients_of_the_last_layer() -> None:
    """The greedy order equals that on the outer products themselves, from the origin on."""
    random = np.random.default_rng(0)
    gradients, features = random.normal(size=(30, 3)), random.normal(size=(30, 8))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    points = np.einsum("nc,nf->ncf", gradients, features).reshape(30, -1)
    expected: list[int] = []
    distances = np.square(points).sum(axis=1)
    for _ in points:
        chosen = int(np.where(np.isin(np.arange(30), expected), -1, distances).argmax())
        expected.append(chosen)
        distances = np.minimum(distances, np.square(points - points[chosen]).sum(axis=1))
    assert most_informative_first(gradients, features @ features.T).tolist() == expected


def test_strange_pictures_that_resemble_each_other_come_first() -> None:
    """Three of a kind before a spoilt shot, whatever their order of arrival."""
    features = np.array([[0, 0, 1], [1, 0.1, 0], [1, 0, 0], [1, 0, 0.1]], np.float32)
    order = most_typical_first(cosines(features, np.array(["a"] * 4)))
    assert set(order[:3].tolist()) == {1, 2, 3}
    assert order[3] == 0


def test_features_of_different_networks_are_not_compared() -> None:
    features = np.array([[1, 0], [1, 0], [2, 0]], np.float32)
    similarities = cosines(features, np.array(["a", "b", "a"]))
    np.testing.assert_allclose(similarities, [[1, 0, 1], [0, 1, 0], [1, 0, 1]])


def test_a_single_picture_and_none_have_an_order() -> None:
    for count in (0, 1):
        similarities = np.eye(count)
        assert most_informative_first(np.zeros((count, 2)), similarities).tolist() == list(range(count))
        assert most_typical_first(similarities).tolist() == list(range(count))
