"""Recommendation of backbone and recipe, with its reason.

The rules come from measurements:

- Accuracy on ImageNet predicts the accuracy of a network's features on other pictures
  (Kornblith 2019, arXiv 1805.08974).
- Without a graphics card, computing features once takes minutes and training the whole
  network takes hours (EfficientNet-Lite0, two cores: 130 and 7 pictures a second).
- A network for large pictures gains nothing from pictures of 28 pixels.
- Few pictures make millions of weights overfit.
- A difference of accuracy that the user's pictures are too few to show is not worth a cost.
- Where backbones stay as they are, the joined features of two are usually more accurate than those
  of the better one, for the time of both (Lite0 and Lite2 on 500 drawings of nine classes, five
  folds: 84.0% against 81.4%).

Pure functions: callers pass in the state of the machine.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.messages import N_, Message
from core.models.backbones import BACKBONES, DEFAULT_BACKBONE, Backbone, get_backbone
from core.models.committee import JOINT
from core.models.costs import pictures_per_second
from core.statistics import wilson_interval


class Wish(StrEnum):
    """The user's priority."""

    BALANCED = "balanced"
    FAST = "fast"
    SMALL = "small"
    ACCURATE = "accurate"


@dataclass(frozen=True, kw_only=True)
class Situation:
    """The pictures, the machine and the backbones available on it."""

    pictures: int
    classes: int
    picture_side: int  # pixels: the shorter side of a typical picture
    device: str = "cpu"  # anything else is a graphics card
    ready: Collection[str] = ()  # keys of backbones whose weights are on this machine
    downloadable: Collection[str] = ()  # keys of backbones that it could download
    speeds: Mapping[str, float] = field(default_factory=dict)  # measured pictures per second, by key


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """Recommended backbone and recipe.

    ``better`` is a backbone that meets the wish clearly better after a download; "" without one.
    ``committee`` is more accurate with the same recipe, within the user's patience; "" without one.
    """

    backbone: str
    recipe: str  # a ``core.training.config.Recipe``
    reason: Message
    is_ready: bool = True  # False: its weights must be downloaded first
    better: str = ""
    committee: str = ""


_SEES_WELL = 70.0  # percent on ImageNet: below, speed and size cost too much accuracy
_TINY_SIDE = 64  # pixels
_ORDINARY_INPUT = 260  # pixels
_PATIENCE_SECONDS = {Wish.BALANCED: 180.0, Wish.ACCURATE: 1800.0}  # to look at all pictures once
_GPU_TIMES_FASTER = 20.0
_VALIDATION_SHARE, _TYPICAL_ACCURACY = 0.15, 0.9
_LEAST_TOLERANCE, _MOST_TOLERANCE = 0.5, 5.0  # percent on ImageNet
_VERY_FEW_PER_CLASS, _FEW_PER_CLASS = 10, 30
_MANY_PICTURES = 2000
_LAST_BLOCKS_TIMES_SLOWER = 5.0  # training the last blocks on a processor, against looking once
_LAST_BLOCKS_EPOCHS = 12
_LAST_BLOCKS_PATIENCE_SECONDS = 3600.0
_MOST_TIMES_THE_WORK = 5.0  # of the second backbone of a committee, against the default
_WORTH_A_DOWNLOAD = 1.0  # percent on ImageNet
_WORTH_A_DOWNLOAD_TIMES = 1.3  # as fast, or smaller by as much


def recommend(situation: Situation, wish: Wish = Wish.BALANCED) -> Recommendation:
    """Recommend a backbone and a recipe for these pictures on this machine."""
    ready = _pretrained(situation.ready)
    # A download is not advised whose licence may be against what the classifier is for.
    free = [key for key in situation.downloadable if BACKBONES[key].commercial_use]
    reachable = _pretrained([*situation.ready, *free])
    if not reachable:
        return Recommendation(backbone="small_cnn", recipe="scratch", reason=Message(_NOTHING_PRETRAINED))
    backbone = _pick(ready or reachable, situation, wish)
    recipe, why_recipe = _recipe(backbone, situation, wish)
    reasons = [_why_backbone(backbone, ready or reachable, situation, wish), why_recipe]
    if not ready:
        reasons.append(Message(_DOWNLOAD_FIRST))
    best = _pick(reachable, situation, wish)
    return Recommendation(
        backbone=backbone.key,
        recipe=recipe,
        reason=_joined(reasons),
        is_ready=bool(ready),
        better=best.key if _is_worth_a_download(best, backbone, situation, wish) else "",
        committee=_worthwhile_committee(backbone, recipe, situation, wish),
    )


def two_at_once(ready: Collection[str]) -> Backbone | None:
    """Committee of the default backbone and the most accurate other one here; None without another.

    The features of the default are there already where pictures were checked. One that takes more
    than a few times as long is left out.
    """
    here = _pretrained([key for key in ready if key != DEFAULT_BACKBONE])
    most = _MOST_TIMES_THE_WORK * BACKBONES[DEFAULT_BACKBONE].billion_multiply_adds
    others = [one for one in here if one.billion_multiply_adds <= most]
    if DEFAULT_BACKBONE not in ready or not others:
        return None
    return get_backbone(JOINT.join([DEFAULT_BACKBONE, max(others, key=_top1).key]))


def _worthwhile_committee(backbone: Backbone, recipe: str, situation: Situation, wish: Wish) -> str:
    """Key of two at once where backbones stay as they are, both can be waited for, and one is as good as this."""
    committee = two_at_once(situation.ready) if recipe == "quick" else None
    if committee is None or max(_top1(member) for member in committee.members) < _top1(backbone):
        return ""
    return committee.key if _affordable([committee], situation, wish) else ""


def _pretrained(keys: Collection[str]) -> list[Backbone]:
    return [backbone for key in keys if (backbone := BACKBONES[key]).imagenet_top1 is not None]


def _pick(candidates: list[Backbone], situation: Situation, wish: Wish) -> Backbone:
    """The best candidate for the wish; of equals the first."""
    candidates = _with_fitting_input(candidates, situation)
    good = [one for one in candidates if _top1(one) >= _SEES_WELL] or candidates
    if wish is Wish.SMALL:
        return min(good, key=lambda one: one.parameters)
    quick_enough = _affordable(candidates, situation, wish)
    if wish is Wish.FAST or not quick_enough:
        return max(good, key=lambda one: _speed(one, situation))
    highest = max(_top1(one) for one in quick_enough)
    tolerance = 0.0 if wish is Wish.ACCURATE else _tolerance(situation.pictures)
    as_good = [one for one in quick_enough if _top1(one) >= highest - tolerance]
    return max(as_good, key=lambda one: _speed(one, situation))


def _with_fitting_input(candidates: list[Backbone], situation: Situation) -> list[Backbone]:
    if situation.picture_side >= _TINY_SIDE:
        return candidates
    return [one for one in candidates if one.input_size <= _ORDINARY_INPUT] or candidates


def _affordable(candidates: list[Backbone], situation: Situation, wish: Wish) -> list[Backbone]:
    patience = _PATIENCE_SECONDS.get(wish, 0.0)
    return [one for one in candidates if situation.pictures / _speed(one, situation) <= patience]


def _tolerance(pictures: int) -> float:
    """Difference of accuracy, in percent, that is noise on a validation set of this size."""
    validation = max(1, round(_VALIDATION_SHARE * pictures))
    low, high = wilson_interval(round(_TYPICAL_ACCURACY * validation), validation)
    return min(_MOST_TOLERANCE, max(_LEAST_TOLERANCE, 100 * (high - low) / 2))


def _is_worth_a_download(best: Backbone, here: Backbone, situation: Situation, wish: Wish) -> bool:
    if best.key == here.key or best.key in situation.ready:
        return False
    if wish is Wish.FAST:
        return _speed(best, situation) >= _WORTH_A_DOWNLOAD_TIMES * _speed(here, situation)
    if wish is Wish.SMALL:
        return here.parameters >= _WORTH_A_DOWNLOAD_TIMES * best.parameters
    return _top1(best) >= _top1(here) + _WORTH_A_DOWNLOAD


def _recipe(backbone: Backbone, situation: Situation, wish: Wish) -> tuple[str, Message]:
    """Recommended recipe, with the reason."""
    per_class = situation.pictures // max(1, situation.classes)
    if per_class < _VERY_FEW_PER_CLASS:
        return "quick", Message(_VERY_FEW, {"count": per_class})
    if per_class < _FEW_PER_CLASS:
        return "quick", Message(_FEW, {"count": per_class})
    if wish is Wish.FAST:
        return "quick", Message(_ONLY_THE_HEAD)
    if situation.device != "cpu":
        if wish is Wish.ACCURATE and situation.pictures >= _MANY_PICTURES:
            return "best", Message(_MANY_AND_GPU)
        return "balanced", Message(_ENOUGH_AND_GPU)
    seconds = (
        _LAST_BLOCKS_EPOCHS * situation.pictures * _LAST_BLOCKS_TIMES_SLOWER / _speed(backbone, situation)
    )
    if wish is Wish.ACCURATE and seconds <= _LAST_BLOCKS_PATIENCE_SECONDS:
        return "balanced", Message(_ENOUGH_WITHOUT_GPU)
    return "quick", Message(_WITHOUT_GPU)


def _why_backbone(
    backbone: Backbone, candidates: list[Backbone], situation: Situation, wish: Wish
) -> Message:
    reasons = [_why_wish(backbone, candidates, situation, wish)]
    if len(_with_fitting_input(candidates, situation)) < len(candidates):
        reasons.append(Message(_TINY, {"side": situation.picture_side}))
    return _joined(reasons)


def _why_wish(backbone: Backbone, candidates: list[Backbone], situation: Situation, wish: Wish) -> Message:
    facts = {
        "accuracy": _top1(backbone),
        "millions": round(backbone.parameters / 1e6, 1),
        "count": f"{situation.pictures:,}",
    }
    if len(candidates) == 1:
        return Message(_THE_ONLY_ONE, facts)
    if wish is Wish.FAST:
        return Message(_FASTEST, facts)
    if wish is Wish.SMALL:
        return Message(_SMALLEST, facts)
    quick_enough = _affordable(_with_fitting_input(candidates, situation), situation, wish)
    if not quick_enough:
        return Message(_SO_MANY, facts)
    if wish is Wish.ACCURATE:
        return Message(_MOST_ACCURATE, facts)
    sees_best = _top1(backbone) == max(_top1(one) for one in quick_enough)
    return Message(_SEES_BEST_QUICKLY if sees_best else _AS_GOOD, facts)


def _joined(sentences: list[Message]) -> Message:
    """Join sentences into one message."""
    first, *rest = sentences
    for sentence in rest:
        first = Message(_ONE_AFTER_THE_OTHER, {"first": first, "second": sentence})
    return first


def _top1(backbone: Backbone) -> float:
    return backbone.imagenet_top1 or 0.0


def _speed(backbone: Backbone, situation: Situation) -> float:
    """Pictures a second on the available device."""
    times = 1.0 if situation.device == "cpu" else _GPU_TIMES_FASTER
    return times * pictures_per_second(backbone, situation.speeds)


_ONE_AFTER_THE_OTHER = N_("{first} {second}")
_NOTHING_PRETRAINED = N_(
    "No pretrained backbone is on this computer and none can be downloaded, "
    "so a small network learns from your pictures alone."
)
_DOWNLOAD_FIRST = N_("It has to be downloaded first.")
_THE_ONLY_ONE = N_("It is the one pretrained backbone that can be had here ({accuracy}% right on ImageNet).")
_FASTEST = N_("Of those that see well it is the fastest here ({accuracy}% right on ImageNet).")
_SMALLEST = N_(
    "Of those that see well it is the smallest: {millions} million weights ({accuracy}% right on ImageNet)."
)
_MOST_ACCURATE = N_(
    "Of those that look at all your pictures within half an hour here, it sees best ({accuracy}% right "
    "on ImageNet), and what sees better there nearly always does elsewhere."
)
_SEES_BEST_QUICKLY = N_(
    "Of those that look at all your pictures within three minutes here, it sees best "
    "({accuracy}% right on ImageNet)."
)
_AS_GOOD = N_(
    "It is the fastest of those that are as good, as far as {count} pictures can tell "
    "({accuracy}% right on ImageNet)."
)
_SO_MANY = N_(
    "For so many pictures speed matters most, and it is the fastest here that sees well "
    "({accuracy}% right on ImageNet)."
)
_TINY = N_(
    "Your pictures are small ({side} pixels), so backbones that take larger ones would see nothing more."
)
_FEW = N_(
    "With about {count} pictures a class the backbone is best left as it is: more weights than pictures "
    "would learn them by heart."
)
# Digits, photographs and textures, benchmark few_pictures: 85, 73 and 76% right with 5 a class, 89, 79 and 80% with 10.
_VERY_FEW = N_(
    "With about {count} pictures a class the backbone is best left as it is, and more pictures help most: "
    "where we measured, 10 a class instead of 5 had about 5 points more right."
)
_ONLY_THE_HEAD = N_("Only a classifier on top of it is trained, which takes a minute or two.")
_MANY_AND_GPU = N_("With so many pictures and a graphics card, all of it can be adapted to them.")
_ENOUGH_AND_GPU = N_("With a graphics card its last layers can be adapted to your pictures in minutes.")
_ENOUGH_WITHOUT_GPU = N_(
    "There are enough pictures to adapt its last layers, and not so many that it would take more than an hour."
)
_WITHOUT_GPU = N_(
    "Without a graphics card a classifier on top of it takes a minute or two; changing all of the backbone takes many times as long."
)
