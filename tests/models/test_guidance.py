"""The recommendation is what the evidence says, case by case.

Speeds are those measured on two cores: of 180 s, EfficientNet-Lite0 needs 12 for 1,600 pictures,
EfficientNetB0 16, ResNet50 94, InceptionV3 123 and VGG16 296.
"""

from __future__ import annotations

from typing import Any

import pytest

from core.models.guidance import Recommendation, Situation, Wish, recommend

SPEEDS = {
    "efficientnet_lite0": 130.0,
    "efficientnet_b0": 100.0,
    "resnet50": 17.0,
    "inception_v3": 13.0,
    "vgg16": 5.4,
}
DOWNLOADABLE = ("efficientnet_b0", "resnet50", "inception_v3", "vgg16")
ALL = ("efficientnet_lite0", *DOWNLOADABLE)


def advice(wish: Wish = Wish.BALANCED, **facts: Any) -> Recommendation:
    usual = {"pictures": 1600, "classes": 16, "picture_side": 375, "ready": ALL, "speeds": SPEEDS}
    return recommend(Situation(**{**usual, **facts}), wish)


def test_a_newcomer_with_a_bare_machine_gets_what_is_bundled() -> None:
    """1,600 pictures leave 240 to validate with, and 3.8 points between two backbones are chance."""
    found = advice(ready=["efficientnet_lite0"], downloadable=DOWNLOADABLE)
    assert (found.backbone, found.recipe, found.is_ready) == ("efficientnet_lite0", "quick", True)
    assert found.better == ""
    assert "Without a graphics card" in str(found.reason)


def test_a_difference_that_the_pictures_cannot_show_is_not_paid_for() -> None:
    """InceptionV3 is 2.8 points better on ImageNet and ten times slower."""
    found = advice()
    assert found.backbone == "efficientnet_lite0"
    assert "as far as 1,600 pictures can tell" in str(found.reason)


def test_many_pictures_show_smaller_differences() -> None:
    """17,000 pictures tell 1.2 points apart; EfficientNetB0, 2 points better, takes 170 s for them."""
    found = advice(pictures=17_000)
    assert found.backbone == "efficientnet_b0"
    assert "within three minutes here, it sees best (77.1%" in str(found.reason)


def test_so_many_pictures_that_none_is_done_in_time_want_the_fastest() -> None:
    found = advice(pictures=200_000)
    assert found.backbone == "efficientnet_lite0"
    assert "speed matters most" in str(found.reason)


@pytest.mark.parametrize(
    ("wish", "backbone"),
    [
        (Wish.FAST, "efficientnet_lite0"),
        (Wish.SMALL, "efficientnet_lite0"),
        (Wish.ACCURATE, "inception_v3"),  # 77.9 percent, the highest here
        (Wish.BALANCED, "efficientnet_lite0"),
    ],
)
def test_each_wish_gets_its_own(wish: Wish, backbone: str) -> None:
    assert advice(wish).backbone == backbone


def test_the_smallest_and_the_fastest_need_not_be_the_same() -> None:
    """VGG16 has 14.7 million weights and 5 pictures a second; ResNet50 23.6 million and 17."""
    assert advice(Wish.SMALL, ready=["resnet50", "vgg16"]).backbone == "vgg16"
    assert advice(Wish.FAST, ready=["resnet50", "vgg16"]).backbone == "resnet50"


def test_accuracy_may_take_half_an_hour_and_no_longer() -> None:
    """30,000 pictures take InceptionV3 38 minutes, ResNet50 29, EfficientNetB0 5."""
    assert advice(Wish.ACCURATE, pictures=20_000).backbone == "inception_v3"
    assert advice(Wish.ACCURATE, pictures=30_000).backbone == "efficientnet_b0"


def test_a_graphics_card_makes_the_larger_ones_affordable() -> None:
    """20 times faster, InceptionV3 sees 30,000 pictures in two minutes instead of 38."""
    found = advice(Wish.ACCURATE, pictures=30_000, device="NVIDIA T4")
    assert (found.backbone, found.recipe) == ("inception_v3", "best")


def test_tiny_pictures_gain_nothing_from_large_inputs() -> None:
    """InceptionV3 takes 299 pixels; a digit has 28."""
    found = advice(Wish.ACCURATE, picture_side=28)
    assert found.backbone == "efficientnet_b0"
    assert "Your pictures are small (28 pixels)" in str(found.reason)
    assert "small" not in str(advice(Wish.ACCURATE).reason)


@pytest.mark.parametrize(
    ("wish", "pictures", "device", "recipe"),
    [
        (Wish.BALANCED, 1600, "cpu", "quick"),
        (Wish.BALANCED, 400, "cuda:0", "quick"),  # 25 a class
        (Wish.BALANCED, 1600, "cuda:0", "balanced"),
        (Wish.ACCURATE, 1600, "cuda:0", "balanced"),
        (Wish.ACCURATE, 2000, "cuda:0", "best"),
        (Wish.FAST, 50_000, "cuda:0", "quick"),
        (Wish.SMALL, 1600, "cpu", "quick"),
    ],
)
def test_the_recipe_follows_from_pictures_device_and_wish(
    wish: Wish, pictures: int, device: str, recipe: str
) -> None:
    assert advice(wish, pictures=pictures, device=device).recipe == recipe


def test_a_processor_adapts_last_layers_where_that_takes_less_than_an_hour() -> None:
    """12 epochs of 1,600 pictures at a fifth of 130 a second are 12 minutes; of 10,000, 77."""
    here = ["efficientnet_lite0"]
    assert advice(Wish.ACCURATE, ready=here).recipe == "balanced"
    assert advice(Wish.ACCURATE, ready=here, pictures=10_000).recipe == "quick"


def test_few_pictures_keep_the_backbone_frozen() -> None:
    found = advice(Wish.ACCURATE, pictures=160, device="cuda:0")
    assert found.recipe == "quick"
    assert "about 10 pictures a class" in str(found.reason)
    assert "more pictures help most" not in str(found.reason)


def test_with_very_few_pictures_more_of_them_are_the_advice() -> None:
    found = advice(Wish.ACCURATE, pictures=80)
    assert found.recipe == "quick"
    assert "about 5 pictures a class" in str(found.reason)
    assert "more pictures help most" in str(found.reason)


def test_a_download_that_serves_the_wish_clearly_better_is_named() -> None:
    found = advice(Wish.ACCURATE, ready=["efficientnet_lite0"], downloadable=DOWNLOADABLE)
    assert (found.backbone, found.better) == ("efficientnet_lite0", "inception_v3")


def test_a_download_that_gains_little_is_not_named() -> None:
    """EfficientNetB0 has 77.1 percent, InceptionV3 77.9."""
    found = advice(Wish.ACCURATE, ready=["efficientnet_b0"], downloadable=["inception_v3"])
    assert found.better == ""


def test_without_any_weights_the_best_download_comes_first() -> None:
    found = advice(ready=[], downloadable=DOWNLOADABLE)
    assert (found.backbone, found.is_ready) == ("efficientnet_b0", False)
    assert "has to be downloaded first" in str(found.reason)


def test_where_nothing_can_be_had_a_network_learns_from_scratch() -> None:
    """Small CNN counts as ready, but it has seen nothing yet."""
    found = advice(ready=["small_cnn"])
    assert (found.backbone, found.recipe) == ("small_cnn", "scratch")


def test_two_at_once_are_offered_where_backbones_stay_as_they_are_and_both_can_be_waited_for() -> None:
    """Lite0 and Lite2 see 49 pictures a second together: 1,600 in half a minute, 10,000 in more than three."""
    here: dict[str, Any] = {
        "ready": ["efficientnet_lite0", "efficientnet_lite2"],
        "speeds": {"efficientnet_lite0": 130.0},
    }
    both = "efficientnet_lite0+efficientnet_lite2"
    assert advice(**here).committee == both
    assert advice(pictures=10_000, **here).committee == ""
    assert advice(Wish.ACCURATE, pictures=10_000, **here).committee == both
    assert advice(Wish.ACCURATE, **here).recipe == "balanced"
    assert advice(Wish.ACCURATE, **here).committee == "", "fine-tuning gains more"
    assert {advice(wish, **here).committee for wish in (Wish.FAST, Wish.SMALL)} == {""}


def test_two_at_once_are_not_offered_instead_of_a_better_backbone() -> None:
    """InceptionV3 has 77.9 percent, the better of EfficientNet-Lite0 and EfficientNetB0 77.1."""
    found = advice(Wish.ACCURATE, pictures=20_000)
    assert (found.backbone, found.recipe, found.committee) == ("inception_v3", "quick", "")


def test_a_download_that_forbids_commercial_use_is_not_advised() -> None:
    """Nobody knows here what the classifier is for; who brings the weights has chosen them."""
    speeds = {**SPEEDS, "convnext_v2_tiny": 12.0}
    bundled = ["efficientnet_lite0"]
    brought = advice(Wish.ACCURATE, speeds=speeds, ready=[*bundled, "convnext_v2_tiny"])
    assert brought.backbone == "convnext_v2_tiny"
    found = advice(
        Wish.ACCURATE,
        speeds=speeds,
        ready=bundled,
        downloadable=["convnext_tiny", "convnext_v2_tiny"],
    )
    assert found.better == "convnext_tiny"
