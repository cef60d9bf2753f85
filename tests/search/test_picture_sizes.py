"""A search is refused beforehand where a backbone of its space cannot take one of its picture sizes."""

from __future__ import annotations

import pytest

from core.errors import ConfigError
from core.search.space import Categorical, Numbers, SearchSpace, Speed, default_space
from core.training.config import TrainingConfig

BASE = TrainingConfig(dataset_version=1)


def require(**domains: Categorical | Numbers) -> None:
    SearchSpace(domains=domains).require_fits(Speed.HEAD, BASE)


def test_sizes_that_the_backbone_can_take_are_searched_for() -> None:
    require(picture_size=Categorical(choices=(0, 96, 160, 224)))


@pytest.mark.parametrize(("size", "sentence"), [(16, "lie between 32 and 1024"), (32, "at least 33 pixels")])
def test_a_size_that_is_too_small_is_refused(size: int, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        require(picture_size=Categorical(choices=(224, size)))


def test_a_size_must_suit_every_backbone_that_may_be_drawn() -> None:
    """VGG16 halves 48 pixels to one; the trial that draws both would fail hours later."""
    require(
        backbone=Categorical(choices=("efficientnet_lite0", "vgg16")),
        picture_size=Categorical(choices=(64, 96)),
    )
    with pytest.raises(ConfigError, match="VGG16 needs pictures of at least 64 pixels"):
        require(
            backbone=Categorical(choices=("efficientnet_lite0", "vgg16")),
            picture_size=Categorical(choices=(48, 96)),
        )


def test_the_size_of_the_base_must_suit_every_backbone_too() -> None:
    base = TrainingConfig(dataset_version=1, picture_size=48)
    space = SearchSpace(domains={"backbone": Categorical(choices=("vgg16",))})
    with pytest.raises(ConfigError, match="VGG16 needs"):
        space.require_fits(Speed.HEAD, base)
    both = SearchSpace(domains={**space.domains, "picture_size": Categorical(choices=(64,))})
    both.require_fits(Speed.HEAD, base)  # the base's own size is never drawn with it


def test_sizes_are_a_few_choices_never_a_range() -> None:
    """Every size is a conversion, and a look at all pictures, of its own."""
    with pytest.raises(ConfigError, match="few choices"):
        require(picture_size=Numbers(low=96, high=224, whole=True))


def test_a_range_that_has_no_logarithm_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="cannot go from 0 to 1"):
        require(l2=Numbers(low=0, high=1, log=True))


def test_a_committee_is_searched_for_where_only_heads_are_trained() -> None:
    """Its backbones stay as they are: a recipe that trains them is refused before the search starts."""
    both = Categorical(choices=("efficientnet_lite0", "efficientnet_lite0+efficientnet_lite2"))
    base = TrainingConfig(dataset_version=1)
    SearchSpace(domains={"backbone": both}).require_fits(Speed.HEAD, base)
    recipes = Categorical(choices=("quick", "balanced"))
    with pytest.raises(ConfigError, match="stay as they are"):
        SearchSpace(domains={"backbone": both, "recipe": recipes}).require_fits(Speed.FULL, base)
    committee = TrainingConfig(dataset_version=1, backbone="efficientnet_lite0+efficientnet_lite2")
    space = default_space(Speed.FULL, committee)
    assert "recipe" not in space.dimensions
    space.require_fits(Speed.FULL, committee)
