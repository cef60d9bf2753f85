"""Augmentation presets for kinds of pictures, and warnings about unsuitable changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.messages import N_, Message
from core.models.augmentation.config import AugmentationConfig


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Settings for pictures of one kind; sentences are templates to be translated."""

    title: str
    reason: str  # one sentence: what these pictures allow and what not
    config: AugmentationConfig
    avoid: tuple[str, ...] = ()  # changes that such pictures do not stand
    why_avoid: str = ""  # the consequence, one sentence
    notes: tuple[str, ...] = ()  # what to do for special cases, a sentence each


# By what the pictures show.
DOMAINS: dict[str, Preset] = {
    "photographs": Preset(
        title=N_("Photographs"),
        reason=N_(
            "People, animals, places and things look as natural mirrored, nearer, or in other light; upside down they do not."
        ),
        config=AugmentationConfig(
            flip="horizontal",
            rotation=0.03,
            zoom=0.1,
            crop=0.2,
            brightness=0.1,
            contrast=0.2,
            saturation=0.2,
        ),
        avoid=("flip_vertical", "invert"),
        why_avoid=N_(
            "Photographs are seldom upside down or negatives: the classifier would learn what never comes."
        ),
    ),
    "documents": Preset(
        title=N_("Documents"),
        reason=N_(
            "Writing, drawings and plans are never mirrored; scans and photographs of paper differ in angle, light and sharpness."
        ),
        config=AugmentationConfig(
            rotation=0.01,
            zoom=0.05,
            shift=0.03,
            perspective=0.06,
            brightness=0.1,
            contrast=0.2,
            sharpness=0.3,
            blur=0.003,
        ),
        avoid=("flip_horizontal", "flip_vertical"),
        why_avoid=N_("Mirrored writing cannot be read, and no document comes that way."),
    ),
    "medical": Preset(
        title=N_("Medical"),
        reason=N_(
            "Left and right are different sides of the body, and brightness carries meaning: only small changes, nothing mirrored."
        ),
        config=AugmentationConfig(rotation=0.02, zoom=0.1, shift=0.05, brightness=0.05, contrast=0.1),
        avoid=("flip_horizontal", "flip_vertical", "hue", "invert", "solarization", "cutmix", "erasing"),
        why_avoid=N_(
            "In medical pictures this can turn one finding into another, or hide it: ask someone who reads them."
        ),
        notes=(
            N_("X-ray, CT, mammography: mirrored, the heart is on the other side. Leave Flip off."),
            N_(
                "Microscopy: there is no up, down, left or right. Set Flip to Both and Rotation to 180°, and a small Hue for the stain."
            ),
            N_("Skin and retina: Flip is harmless unless left and right eyes are told apart."),
        ),
    ),
    "aerial": Preset(
        title=N_("From above"),
        reason=N_(
            "Seen from a satellite, a plane or a drone, the ground has no up or down: every turn is as likely."
        ),
        config=AugmentationConfig(
            flip="both", rotation=0.5, zoom=0.1, brightness=0.1, contrast=0.15, saturation=0.1
        ),
        avoid=("perspective", "invert"),
        why_avoid=N_("Pictures taken straight from above show no such thing."),
    ),
    "products": Preset(
        title=N_("Products"),
        reason=N_(
            "Things lie turned, near, half covered and in other light; their colour often tells them apart, so it stays."
        ),
        config=AugmentationConfig(
            flip="horizontal",
            rotation=0.05,
            zoom=0.15,
            shift=0.05,
            perspective=0.08,
            brightness=0.15,
            contrast=0.2,
            erasing=0.2,
        ),
        avoid=("hue", "grayscale", "invert"),
        why_avoid=N_("Products are often told apart by their colour, which this takes away."),
    ),
    "handwriting": Preset(
        title=N_("Handwriting"),
        reason=N_(
            "Digits and letters must not be mirrored or turned far: a turned 6 is a 9. A slant and a bend are how hands differ."
        ),
        config=AugmentationConfig(rotation=0.03, zoom=0.1, shift=0.06, shear=0.15, elastic=0.03),
        avoid=("flip_horizontal", "flip_vertical", "far_rotation"),
        why_avoid=N_("A mirrored or turned letter is another letter, or none: b and d, 6 and 9."),
    ),
}
# By strength alone.
STRENGTHS: dict[str, Preset] = {
    "none": Preset(
        title=N_("No changes"),
        reason=N_("The pictures as they are: the fastest, and right where they are many and all alike."),
        config=AugmentationConfig(),
    ),
    "light": Preset(
        title=N_("Light"),
        reason=N_("Small movements and changes of light that hardly any picture minds."),
        config=AugmentationConfig(rotation=0.03, zoom=0.1, shift=0.05, brightness=0.1, contrast=0.1),
    ),
    "strong": Preset(
        title=N_("Strong"),
        reason=N_("For few pictures and long training: the classifier hardly sees the same picture twice."),
        config=AugmentationConfig(rotation=0.1, zoom=0.25, shift=0.15, brightness=0.25, contrast=0.3),
    ),
}
PRESETS: dict[str, Preset] = DOMAINS | STRENGTHS

_FAR_TURN = 1 / 8  # of a full turn: letters are read up to here


@dataclass(frozen=True, kw_only=True)
class _NameWarning:
    """Words in class names which show that a change would destroy the difference between classes."""

    pattern: re.Pattern[str]
    spoilt_by: frozenset[str]
    sentence: str


def _name_pattern(english: str, chinese: str) -> re.Pattern[str]:
    """Pattern of whole English words or single Chinese characters."""
    return re.compile(rf"(?<![a-z])(?:{english})(?![a-z])|[{chinese}]")


_NAME_WARNINGS = (
    _NameWarning(
        pattern=_name_pattern("left|right|lefthand|righthand", "左右"),
        spoilt_by=frozenset({"flip_horizontal"}),
        sentence=N_(
            "Classes such as {names} differ by left and right, which a mirrored picture swaps. Turn Flip off."
        ),
    ),
    _NameWarning(
        pattern=_name_pattern("up|down|upwards?|downwards?", "上下"),
        spoilt_by=frozenset({"flip_vertical", "far_rotation"}),
        sentence=N_("Classes such as {names} differ by up and down, which these turns swap."),
    ),
    _NameWarning(
        pattern=_name_pattern(
            "red|orange|yellow|green|blue|purple|violet|pink|brown|gr[ae]y|black|white|gold|silver|ripe|unripe|rotten|rusty",
            "红紅橙黄黃绿綠蓝藍紫粉棕黑白灰熟",
        ),
        spoilt_by=frozenset({"hue", "grayscale", "invert"}),
        sentence=N_(
            "Classes such as {names} seem to differ by their colour, which is changed. Turn off Hue, Grey and Negative."
        ),
    ),
)


def preset_of(config: AugmentationConfig) -> str | None:
    """Find the preset with exactly these settings."""
    return next((name for name, preset in PRESETS.items() if preset.config == config), None)


def contradictions(
    config: AugmentationConfig, class_names: Sequence[str], preset: str | None = None
) -> list[Message]:
    """Warnings about the chosen changes, from the classes' names and the kind of pictures.

    Args:
        preset: the kind of pictures that was chosen, if one was.
    """
    warnings = list(_from_names(config, class_names))
    known = PRESETS.get(preset or "")
    if known is not None and not warnings and set(known.avoid) & _what_happens(config):
        warnings.append(Message(known.why_avoid))
    return warnings


def _what_happens(config: AugmentationConfig) -> set[str]:
    """Names of the changes that are on, with flips and far rotations apart."""
    happens = {
        name
        for name in ("hue", "grayscale", "invert", "solarization", "perspective", "cutmix", "erasing")
        if config[name]
    }
    if config.flip in ("horizontal", "both"):
        happens.add("flip_horizontal")
    if config.flip in ("vertical", "both"):
        happens.add("flip_vertical")
    if config.rotation > _FAR_TURN:
        happens.add("far_rotation")
    return happens


def _from_names(config: AugmentationConfig, class_names: Sequence[str]) -> Iterator[Message]:
    happens = _what_happens(config)
    if _are_characters(class_names):
        yield from _about_characters(happens, class_names)
    for warning in _NAME_WARNINGS:
        named = [name for name in class_names if warning.pattern.search(name.lower())]
        if named and happens & warning.spoilt_by:
            yield Message(warning.sentence, {"names": _some_of(named)})


def _about_characters(happens: set[str], class_names: Sequence[str]) -> Iterator[Message]:
    if happens & {"flip_horizontal", "flip_vertical"}:
        yield Message(
            N_(
                "The classes look like digits or letters ({names}), and a mirrored one is another one or none. Turn Flip off."
            ),
            {"names": _some_of(class_names)},
        )
    if "far_rotation" in happens:
        yield Message(
            N_(
                "Turned so far, a 6 is a 9 and an M is a W. Keep Rotation below {limit}° for digits and letters."
            ),
            {"limit": round(360 * _FAR_TURN)},
        )


def _are_characters(names: Sequence[str]) -> bool:
    """True if every class is a single digit or Latin letter; one Chinese character can be a whole word."""
    return len(names) > 1 and all(re.fullmatch("[0-9A-Za-z]", name.strip()) for name in names)


def _some_of(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")
