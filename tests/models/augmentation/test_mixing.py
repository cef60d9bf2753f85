"""Mixed pictures: the shares of the labels are the shares of the pixels."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core.models.augmentation import AugmentationConfig, mix, mix_tensor
from core.models.augmentation.mixing import sample_mixture

COUNT, HEIGHT, WIDTH = 64, 20, 30
TARGETS = np.eye(COUNT, dtype=np.float32)  # each picture is a class of its own
# Each picture has one level of its own, so that its pixels tell where they come from.
LEVELS = np.arange(COUNT, dtype=np.uint8) * 4
PICTURES = np.full((HEIGHT, WIDTH, 3, COUNT), LEVELS).transpose(3, 0, 1, 2).copy()


def test_nothing_is_mixed_unless_it_is_asked_for() -> None:
    pictures, targets = mix(PICTURES, TARGETS, AugmentationConfig(rotation=0.1), seed=1)
    np.testing.assert_array_equal(pictures, PICTURES)
    np.testing.assert_array_equal(targets, TARGETS)
    assert not np.shares_memory(pictures, PICTURES)


def test_a_cutmix_label_has_exactly_the_share_of_its_pixels() -> None:
    pictures, targets = mix(PICTURES, TARGETS, AugmentationConfig(cutmix=1.0), seed=2)
    counted = (pictures[..., 0].reshape(COUNT, -1, 1) == LEVELS).mean(axis=1)
    np.testing.assert_allclose(targets, counted, atol=1e-6)
    assert (targets > 0).sum(axis=1).max() == 2
    assert len(np.unique(targets)) > 40, "each picture draws its own box"


def test_a_cutmix_keeps_each_pixel_in_its_place() -> None:
    ramp = np.arange(HEIGHT * WIDTH, dtype=np.float32).reshape(1, HEIGHT, WIDTH, 1).repeat(3, axis=3)
    pictures = np.concatenate([ramp, ramp + 1000])
    mixed, _ = mix(pictures, np.eye(2, dtype=np.float32), AugmentationConfig(cutmix=1.0), seed=3)
    assert mixed.dtype == np.float32
    np.testing.assert_array_equal(mixed % 1000, np.concatenate([ramp, ramp]))


def test_a_mixup_picture_and_its_label_have_the_same_shares() -> None:
    pictures, targets = mix(PICTURES.astype(np.float32), TARGETS, AugmentationConfig(mixup=1.0), seed=4)
    np.testing.assert_allclose(pictures[:, 0, 0, 0], targets @ LEVELS, rtol=1e-5)
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    whole, _ = mix(PICTURES, TARGETS, AugmentationConfig(mixup=1.0), seed=4)
    assert whole.dtype == np.uint8
    np.testing.assert_array_equal(whole, np.rint(pictures))


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_the_shares_are_beta_distributed(alpha: float) -> None:
    """Mean 1/2, variance 1 / (4 (2 alpha + 1))."""
    shares = sample_mixture(AugmentationConfig(mixup=alpha), 4000, 8, 8, seed=5).shares
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.06)


def test_with_both_kinds_each_picture_draws_one() -> None:
    is_cut = sample_mixture(AugmentationConfig(mixup=0.5, cutmix=0.5), 400, 8, 8, seed=6).is_cut
    assert 150 < is_cut.sum() < 250


def test_every_picture_is_partner_once_and_a_seed_says_whose() -> None:
    config = AugmentationConfig(mixup=0.3, cutmix=0.3)
    mixture = sample_mixture(config, COUNT, HEIGHT, WIDTH, seed=7)
    assert sorted(mixture.partners) == list(range(COUNT))
    first, again = (mix(PICTURES, TARGETS, config, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (mix(PICTURES, TARGETS, config, seed=8)[1] != first[1]).any()


def test_several_labels_are_mixed_one_by_one() -> None:
    """A label that both pictures bear stays whole."""
    targets = np.array([[1, 1, 0], [1, 0, 1]], np.float32)
    config = AugmentationConfig(mixup=1.0)
    _, mixed = mix(PICTURES[:2], targets, config, seed=1)
    share, partners = (
        getattr(sample_mixture(config, 2, HEIGHT, WIDTH, seed=1), name) for name in ("shares", "partners")
    )
    assert partners.tolist() == [1, 0]
    expected = [[1, share[0], 1 - share[0]], [1, 1 - share[1], share[1]]]
    np.testing.assert_allclose(mixed, expected, rtol=1e-6)


def test_no_picture_and_one_picture_are_no_special_case() -> None:
    config = AugmentationConfig(cutmix=1.0)
    assert mix(PICTURES[:0], TARGETS[:0], config, seed=1)[0].shape == (0, HEIGHT, WIDTH, 3)
    alone, target = mix(PICTURES[3:4], TARGETS[3:4], config, seed=1)
    np.testing.assert_array_equal(alone, PICTURES[3:4])
    np.testing.assert_array_equal(target, TARGETS[3:4])


def test_tensors_are_mixed_as_arrays_are() -> None:
    config = AugmentationConfig(mixup=0.4, cutmix=0.6)
    pictures = PICTURES.astype(np.float32)
    expected, expected_targets = mix(pictures, TARGETS, config, seed=9)
    mixed, targets = mix_tensor(
        keras.ops.convert_to_tensor(pictures), keras.ops.convert_to_tensor(TARGETS), config, seed=9
    )
    np.testing.assert_allclose(keras.ops.convert_to_numpy(mixed), expected, atol=1e-3)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(targets), expected_targets, atol=1e-6)
