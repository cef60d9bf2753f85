"""Advisers about training: the learning curve, augmentation, the network, an ensemble."""

from __future__ import annotations

from core.errors import EvaluationError
from core.evaluation.advice.advice import (
    ADD_PICTURES,
    CHOOSE_AUGMENTATION,
    CHOOSE_BACKBONE,
    COMPARE_RUNS,
    SEE_ROBUSTNESS,
    TRAIN,
    Advice,
)
from core.evaluation.advice.evidence import Evidence
from core.evaluation.ensemble import averaged, normalised_weights, require_alike
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.robustness.corruptions import find_corruption
from core.evaluation.robustness.suggestion import suggested_strengths
from core.formatting import decimal
from core.messages import N_, Message
from core.models.augmentation.table import find_augmentation
from core.models.backbones import BACKBONES, Backbone, get_backbone
from core.training.config import Recipe
from core.training.diagnosis import Verdict

# Shares of the mistakes that fine-tuning, and each point of a better backbone on ImageNet, are taken to
# remove. Assumptions, not measurements: they only order the advice.
_FINE_TUNING_GAIN = 0.3
_GAIN_A_POINT = 0.02
_LEAST_POINTS = 3.0
_LEAST_TRAINING_PICTURES = 500
# Mistakes below which no larger network is worth its cost.
_FEW_MISTAKES = 0.03
_LEAST_GAIN = 0.01
_UNFINISHED_WEIGHT = 0.02
# Share of the pictures in use that are taken to be as bad as those of a robustness test; nobody knows it.
_SHARE_IN_USE = 0.2


def curve(evidence: Evidence) -> Advice | None:
    """Diagnosis of the learning curve, where it is not healthy."""
    settings, diagnosis = evidence.settings, evidence.diagnosis
    if settings is None or diagnosis is None or diagnosis.verdict in {Verdict.GOES_WELL, Verdict.PLATEAUS}:
        return None
    best = evidence.epochs[-1].best_epoch
    epoch = next((row for row in evidence.epochs if row.epoch == best), evidence.epochs[-1])
    gap = max(0.0, epoch.accuracy - epoch.validation_accuracy)
    has_augmentation = settings.augmentation.is_active
    message, link, weight = {
        Verdict.OVERFITS: (
            N_("It overfits: give it more pictures.")
            if has_augmentation
            else N_("It overfits: train with augmentation, or with more pictures."),
            ADD_PICTURES if has_augmentation else CHOOSE_AUGMENTATION,
            gap,
        ),
        Verdict.UNDERFITS: (
            N_("It underfits: train more of the network, or a larger one."),
            TRAIN,
            evidence.wrong,
        ),
        Verdict.DIVERGES: (N_("Training went astray: lower the learning rate."), TRAIN, evidence.wrong),
        Verdict.UNFINISHED: (N_("Train for more epochs."), TRAIN, _UNFINISHED_WEIGHT),
    }[diagnosis.verdict]
    return Advice(message=Message(message), reason=diagnosis.message, link=link, weight=weight)


def twice_the_pictures(evidence: Evidence) -> Advice | None:
    """More pictures of every class, where the learning curve still rises for sure."""
    learning_curve = evidence.learning_curve
    forecast = learning_curve.forecast if learning_curve else None
    if forecast is None or forecast.interval[0] <= 0 or forecast.gain < _LEAST_GAIN:
        return None
    low, high = forecast.interval
    return Advice(
        message=Message(N_("Add pictures of every class: it still learns from more.")),
        reason=Message(
            N_(
                "Its learning curve promises {points} points of accuracy (between {low} and {high}) from twice as many training pictures."
            ),
            {
                "points": decimal(100 * forecast.gain, 1),
                "low": decimal(100 * low, 1),
                "high": decimal(100 * high, 1),
            },
        ),
        link=ADD_PICTURES,
        weight=forecast.gain,
    )


def augmentation(evidence: Evidence) -> Advice | None:
    """Augmentation against corruptions that are proven to break the classifier."""
    report, settings = evidence.robustness, evidence.settings
    if settings is None or report is None or not report.broken:
        return None
    names = suggested_strengths(report, settings.augmentation)
    labels = [find_augmentation(name) for name in names]
    # The weakest of those that it would train: the settings may do all they can against the others.
    trained = ((result, find_corruption(result.code)) for result in report.broken)
    result, corruption = next(
        ((result, row) for result, row in trained if row is not None and row.augmentation in names),
        (None, None),
    )
    if result is None or corruption is None:
        return None
    condition = result.conditions[result.breaks_at or 0]
    return Advice(
        message=Message(
            N_("Train with augmentation against what breaks it: {names}."),
            {"names": _listed([row.label for row in labels if row is not None])},
        ),
        reason=Message(
            N_(
                "Changes of this kind break it. {kind}: at strength {level} of 5 it loses {points} points (at least {least}), on {pictures} pictures."
            ),
            {
                "kind": Message(corruption.label),
                "level": (result.breaks_at or 0) + 1,
                "points": round(100 * condition.drop),
                "least": int(100 * condition.drop_interval[0]),
                "pictures": report.pictures,
            },
        ),
        link=SEE_ROBUSTNESS,
        weight=_SHARE_IN_USE * condition.drop_interval[0],
    )


def network(evidence: Evidence) -> Advice | None:
    """Fine-tuning, or else a better backbone, where many answers are wrong and nothing overfits."""
    settings, diagnosis = evidence.settings, evidence.diagnosis
    if settings is None or evidence.wrong < _FEW_MISTAKES:
        return None
    if diagnosis and diagnosis.verdict is Verdict.OVERFITS:
        return None
    training = int(evidence.training_counts.sum())
    facts = {"wrong": f"{100 * evidence.wrong:.1f}", "training": training}
    # The backbones of a committee stay as they are.
    can_train = not get_backbone(settings.backbone).members
    if settings.recipe is Recipe.QUICK and can_train and training >= _LEAST_TRAINING_PICTURES:
        return Advice(
            message=Message(N_("Fine-tune the network: train with the recipe “balanced”.")),
            reason=Message(
                N_(
                    "{wrong}% are wrong, and only the head was trained. {training} training pictures are enough to train a part of the network too."
                ),
                facts,
            ),
            link=TRAIN,
            weight=_FINE_TUNING_GAIN * evidence.wrong,
        )
    return _better_backbone(evidence, get_backbone(settings.backbone))


def _better_backbone(evidence: Evidence, own: Backbone) -> Advice | None:
    """A backbone that is better on ImageNet.

    On 12 datasets, accuracy there and after fine-tuning correlate with r = 0.96 (Kornblith et al.
    2019); on some datasets from practice they do not (Fang et al. 2023). So it is worth a try.
    """
    rated = [row for row in BACKBONES.values() if row.imagenet_top1 is not None]
    # One that costs at most ten times as much.
    affordable = [row for row in rated if row.billion_multiply_adds <= 10 * own.billion_multiply_adds]
    best = max(affordable, key=lambda row: row.imagenet_top1 or 0.0, default=None)
    if best is None or own.imagenet_top1 is None or best.imagenet_top1 is None:
        return None
    points = best.imagenet_top1 - own.imagenet_top1
    if points < _LEAST_POINTS:
        return None
    return Advice(
        message=Message(N_("Try a better backbone, such as {name}."), {"name": best.name}),
        reason=Message(
            N_(
                "{wrong}% are wrong. On ImageNet, {name} has {points} points more accuracy than {own}. A network that is better there is usually better on other photographs too."
            ),
            {
                "wrong": f"{100 * evidence.wrong:.1f}",
                "name": best.name,
                "own": own.name,
                "points": f"{points:.0f}",
            },
        ),
        link=CHOOSE_BACKBONE,
        weight=min(0.5, _GAIN_A_POINT * points) * evidence.wrong,
    )


def ensemble(evidence: Evidence) -> Advice | None:
    """The mean of two runs' probabilities, where it is better on the validation pictures."""
    own = evidence.evaluated
    if evidence.settings is None or not evidence.siblings or not len(own.validation.targets):
        return None
    gains = {sibling.run.name: _gain(own, sibling) for sibling in evidence.siblings}
    other = max(gains, key=gains.__getitem__)
    if gains[other] < _LEAST_GAIN:
        return None
    return Advice(
        message=Message(N_("Join this run with another into an ensemble.")),
        reason=Message(
            N_(
                "The mean of its probabilities and those of “{name}” is right on {points} points more of the {pictures} validation pictures than the better of the two."
            ),
            {
                "name": other,
                "points": f"{100 * gains[other]:.1f}",
                "pictures": len(own.validation.targets),
            },
        ),
        link=COMPARE_RUNS,
        weight=gains[other],
    )


def _gain(one: EvaluatedRun, other: EvaluatedRun) -> float:
    """Accuracy on the validation pictures that the mean of two runs has over the better of them."""
    try:
        require_alike([one, other])
    except EvaluationError:
        return 0.0
    validation, _test = averaged([one, other], normalised_weights(2))
    alone = max(float(run.validation.exact_matches.mean()) for run in (one, other))
    return float(validation.exact_matches.mean()) - alone


def _listed(labels: list[str]) -> Message:
    """Join labels to a message in which each is translated."""
    names = {f"name_{index}": Message(label) for index, label in enumerate(labels)}
    return Message(", ".join(f"{{{name}}}" for name in names), names)
