"""The Augment page: presets by what pictures show, mixed pictures with their labels, contradictions said."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.models.augmentation import LIMITS, AugmentationConfig, augment, augment_tensor, table
from core.models.augmentation.presets import DOMAINS, PRESETS
from core.models.augmentation.table import Augmentation, Group
from core.models.augmentation.transform_params import TransformParams
from core.workspace import Project, project_settings, remember_setting
from pages.ui.augment.preview import shares_text
from tests.support.page_queries import parts, said

OpenPage = Callable[..., AppTest]


def stored(project: Project) -> AugmentationConfig:
    return AugmentationConfig.from_json(project_settings(project)["augmentation"])  # type: ignore[arg-type]


def choose(project: Project, **changes: object) -> None:
    remember_setting(project, "augmentation", AugmentationConfig(**changes).to_json())  # type: ignore[arg-type]


def captions(app: AppTest, gallery: int) -> list[str]:
    """The captions of the page's first, second, third … pictures."""
    drawn = [element.value for element in parts(app, "html")]
    return [
        html.unescape(text).strip() for text in re.findall("<figcaption>(.*?)</figcaption>", drawn[gallery])
    ]


def test_every_augmentation_has_a_control(open_page: OpenPage, project: Project) -> None:
    app = open_page("augment")
    assert sorted(str(slider.key).removesuffix("-0") for slider in app.slider) == sorted(LIMITS)


def test_a_new_augmentation_appears_on_the_page_and_in_the_command_line(
    open_page: OpenPage, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row in the table is all that it takes: control, stored setting, preview, option and training."""

    def sample_noise(params: TransformParams, strength: float, random: np.random.Generator) -> None:
        params.own["noise"] = random.uniform(0, 255 * strength, len(params))

    noise = Augmentation(
        name="noise",
        label="Throwaway noise",
        explanation="For a test.",
        group=Group.QUALITY,
        limit=0.5,
        sample=sample_noise,
        change_picture=lambda pixels, level: np.clip(pixels + level, 0, 255).astype(np.uint8),
        change_tensor=lambda pixels, level: pixels + level[:, None, None, None],
    )
    monkeypatch.setattr(table, "AUGMENTATIONS", (*table.AUGMENTATIONS, noise))
    app = open_page("augment")
    app.slider(key="noise-0").set_value(40).run()
    assert not app.exception
    assert stored(project)["noise"] == 0.4
    assert "Throwaway noise" in said(app)
    assert AugmentationConfig.parse("noise=0.4") == stored(project)
    black = np.zeros((4, 8, 8, 3), np.uint8)
    brighter = augment(black, stored(project), seed=1)
    assert len({int(picture.max()) for picture in brighter}) == 4
    on_device = np.asarray(augment_tensor(black.astype(np.float32), stored(project), seed=1))
    np.testing.assert_allclose(on_device, brighter, atol=1)


def test_one_press_says_what_the_pictures_show(open_page: OpenPage, project: Project) -> None:
    app = open_page("augment")
    app.button(key="preset-handwriting").click().run()
    assert not app.exception
    assert stored(project) == DOMAINS["handwriting"].config
    assert DOMAINS["handwriting"].reason in said(app)
    assert app.slider(key="elastic-1").value == 3.0


@pytest.mark.parametrize("preset", ["light", "medical"])
def test_opening_the_page_changes_no_setting(preset: str, open_page: OpenPage, project: Project) -> None:
    """A rotation of 0.03 is 10.8°, and the slider can only show 11°."""
    remember_setting(project, "augmentation", PRESETS[preset].config.to_json())
    app = open_page("augment")
    assert stored(project) == PRESETS[preset].config
    assert PRESETS[preset].reason in said(app)


def test_moving_one_dial_leaves_the_others_and_names_what_is_on(
    open_page: OpenPage, project: Project
) -> None:
    remember_setting(project, "augmentation", PRESETS["light"].config.to_json())
    app = open_page("augment")
    app.slider(key="blur-0").set_value(1.5).run()
    config = stored(project)
    assert config.blur == 0.015
    assert config.rotation == 0.03
    assert "Rotation, Zoom, Shift, Brightness, Contrast, Blur" in said(app)


def test_a_mirrored_digit_is_warned_of_until_flip_is_off(open_page: OpenPage, project: Project) -> None:
    app = open_page("augment")
    app.button(key="preset-photographs").click().run()
    (warning,) = parts(app, "warning")
    assert "digits or letters" in warning.value
    app.button(key="preset-handwriting").click().run()
    assert not parts(app, "warning")


def test_mixed_pictures_show_both_labels_in_their_shares(open_page: OpenPage, project: Project) -> None:
    app = open_page("augment")
    assert len(parts(app, "html")) == 2
    app.slider(key="cutmix-0").set_value(1.0).run()
    assert not app.exception
    assert stored(project).cutmix == 1.0
    told = captions(app, 2)
    assert len(told) == 8
    assert any(re.fullmatch(r"\d+% [012], \d+% [012]", text) for text in told)
    for text in told:
        assert sum(int(share) for share in re.findall(r"(\d+)%", text)) == pytest.approx(100, abs=1)


def test_shares_are_told_from_the_largest_on() -> None:
    assert shares_text(["cat", "dog", "fox"], np.array([0.3, 0.7, 0.0])) == "70% dog, 30% cat"
    assert shares_text(["cat", "dog", "fox"], np.array([0.999, 0.001, 0.0])) == "100% cat"


def test_medical_pictures_come_with_what_to_do_for_each_kind(open_page: OpenPage, project: Project) -> None:
    app = open_page("augment")
    app.button(key="preset-medical").click().run()
    assert all(note in said(app) for note in DOMAINS["medical"].notes)
    choose(project, hue=0.1)
    again = open_page("augment")
    assert DOMAINS["medical"].why_avoid in said(again), "the page remembers what the pictures show"
