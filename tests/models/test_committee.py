"""A committee is a backbone like the others: named, sized, costed and refused as they are."""

from __future__ import annotations

import pytest

from core.errors import ConfigError
from core.models.backbones import WeightsSource, at_size, find_backbone, get_backbone
from core.models.costs import pictures_per_second
from core.models.guidance import two_at_once
from core.models.litert.conversion import cached_engine, member_engines
from core.models.speeds import expected_seconds, measured_speed, remember_speed, speed_key
from core.models.weights.store import WeightsState, weights_ready, weights_state

LITE0, LITE2 = get_backbone("efficientnet_lite0"), get_backbone("efficientnet_lite2")
BOTH = get_backbone("efficientnet_lite0+efficientnet_lite2")


def test_a_key_joins_members_in_an_order_that_never_changes() -> None:
    """Stored heads rely on the order of the joined features."""
    assert get_backbone("efficientnet_lite2 + efficientnet_lite0") == BOTH
    assert BOTH.key == "efficientnet_lite0+efficientnet_lite2"
    assert [member.key for member in BOTH.members] == [LITE0.key, LITE2.key]
    assert BOTH.name == "EfficientNet-Lite0 + EfficientNet-Lite2"


def test_its_facts_are_those_of_its_members_together() -> None:
    assert BOTH.feature_size == 2560
    assert BOTH.parameters == LITE0.parameters + LITE2.parameters
    assert BOTH.weights is WeightsSource.BUNDLED
    assert BOTH.licence == "Apache-2.0"
    assert BOTH.billion_multiply_adds == pytest.approx(0.41 + 0.90 * (224 / 260) ** 2)
    with_download = get_backbone("efficientnet_lite0+vgg16")
    assert with_download.weights is WeightsSource.DOWNLOAD
    assert with_download.download_bytes == get_backbone("vgg16").download_bytes
    assert (with_download.smallest_size, with_download.licence.count(",")) == (64, 1)


def test_all_members_see_pictures_of_one_size() -> None:
    """By default the smallest of their own, at which the features of the default are often there already."""
    assert (BOTH.input_size, {member.input_size for member in BOTH.members}) == (224, {224})
    larger = at_size(BOTH, 300)
    assert (larger.input_size, {member.input_size for member in larger.members}) == (300, {300})
    assert larger.billion_multiply_adds == pytest.approx(BOTH.billion_multiply_adds * (300 / 224) ** 2)
    assert at_size(BOTH, 0) == BOTH


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("efficientnet_lite0+efficientnet_lite0", "EfficientNet-Lite0 stands twice"),
        ("efficientnet_lite0+resnet99", "no backbone called “resnet99”"),
        ("efficientnet_lite0+", "no backbone called “”"),
        ("efficientnet_lite0+small_cnn", "Small CNN has no pretrained weights"),
        ("efficientnet_lite0+efficientnet_lite1+efficientnet_lite2+vgg16+resnet50", "at most 4"),
    ],
)
def test_what_is_no_committee_is_refused(key: str, sentence: str) -> None:
    assert find_backbone(key) is None
    with pytest.raises(ConfigError, match=sentence):
        get_backbone(key)


def test_a_size_that_one_member_cannot_take_is_refused() -> None:
    committee = get_backbone("efficientnet_lite0+vgg16")
    assert at_size(get_backbone("efficientnet_lite0"), 48).input_size == 48
    with pytest.raises(ConfigError, match=r"EfficientNet-Lite0 \+ VGG16 needs pictures of at least 64"):
        at_size(committee, 48)


def test_its_weights_are_here_when_those_of_all_members_are(
    workspace: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: False)
    assert (weights_ready(BOTH), weights_state(BOTH)) == (True, WeightsState.BUNDLED)
    absent = get_backbone("efficientnet_lite0+vgg16")
    assert (weights_ready(absent), weights_state(absent)) == (False, WeightsState.TO_BE_SUPPLIED)


def test_it_takes_the_time_of_all_its_members(workspace: object) -> None:
    small = BOTH.members[1]
    assert speed_key(small) == "efficientnet_lite2@224"
    remember_speed(speed_key(LITE0), 100.0)
    assert measured_speed(BOTH) is None
    remember_speed(speed_key(small), 50.0)
    assert measured_speed(BOTH) == pytest.approx(1 / (1 / 100 + 1 / 50))
    assert expected_seconds(BOTH, 100) == pytest.approx(3.0)
    own = {"efficientnet_lite0": 100.0, "efficientnet_lite2": 40.0}
    assert pictures_per_second(BOTH, own) == pytest.approx(1 / (1 / 100 + (224 / 260) ** 2 / 40))


def test_engines_cached_before_committees_keep_their_names(workspace: object) -> None:
    """Another name would compute the features of every project again."""
    assert cached_engine(LITE0) is None
    from core.models.litert.conversion import _engine_path

    assert _engine_path(LITE0, True).name == "efficientnet_lite0-767af3a4156a3a46.tflite"
    assert _engine_path(LITE2, True, "max").name == "efficientnet_lite2-ac925e864642073e-max.tflite"
    joint = _engine_path(BOTH, True)
    assert member_engines(joint) == tuple(_engine_path(member, True) for member in BOTH.members)
    assert member_engines(_engine_path(LITE0, True)) == (_engine_path(LITE0, True),)


def test_two_at_once_are_the_default_and_the_most_accurate_other_one_that_is_not_slow() -> None:
    assert two_at_once(["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"]) == BOTH
    assert two_at_once(["efficientnet_lite0"]) is None
    assert two_at_once(["small_cnn", "efficientnet_lite0", "vgg16"]) is None, "VGG16 takes 38 times as long"
