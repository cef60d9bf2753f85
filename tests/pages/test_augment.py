"""Augment page: presets, preview of augmented and mixed pictures, warnings of contradictions."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.models.augmentation import LIMITS, AugmentationConfig, augment, augment_tensor, table
from core.models.augmentation.presets import DOMAINS, PRESETS
from core.models.augmentation.table import Augmentation, Group
from core.models.augmentation.transform_params import TransformParams
from core.models.backbones import get_backbone
from core.training.config import Recipe
from core.workspace import Project, project_settings, remember_setting
from pages.ui.augment.preview import shares_text
from tests.support.page_queries import parts, said

OpenPage = Callable[..., AppTest]


def stored(project: Project) -> AugmentationConfig:
    return AugmentationConfig.from_json(project_settings(project)["augmentation"])  # type: ignore[arg-type]


def choose(project: Project, **changes: object) -> None:
    remember_setting(project, "augmentation", AugmentationConfig(**changes).to_json())  # type: ignore[arg-type]


def captions(app: AppTest, gallery: int) -> list[str]:
    """Captions of the pictures in a gallery of the page, by its number."""
    galleries = [element.value for element in parts(app, "html")]
    return [
        html.unescape(text).strip()
        for text in re.findall("<figcaption>(.*?)</figcaption>", galleries[gallery])
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


def test_a_preset_button_sets_the_augmentation_of_its_domain(open_page: OpenPage, project: Project) -> None:
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


def test_moving_one_slider_leaves_the_others_and_names_the_active_ones(
    open_page: OpenPage, project: Project
) -> None:
    remember_setting(project, "augmentation", PRESETS["light"].config.to_json())
    app = open_page("augment")
    app.slider(key="blur-0").set_value(1.5).run()
    config = stored(project)
    assert config.blur == 0.015
    assert config.rotation == 0.03
    assert "Rotation, Zoom, Shift, Brightness, Contrast, Blur" in said(app)


def test_mirrored_digits_raise_a_warning_until_flip_is_off(open_page: OpenPage, project: Project) -> None:
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
    shares = captions(app, 2)
    assert len(shares) == 8
    assert any(re.fullmatch(r"\d+% [012], \d+% [012]", text) for text in shares)
    for text in shares:
        assert sum(int(share) for share in re.findall(r"(\d+)%", text)) == pytest.approx(100, abs=1)


def test_the_largest_share_of_a_label_comes_first() -> None:
    assert shares_text(["cat", "dog", "fox"], np.array([0.3, 0.7, 0.0])) == "70% dog, 30% cat"
    assert shares_text(["cat", "dog", "fox"], np.array([0.999, 0.001, 0.0])) == "100% cat"


def test_the_medical_preset_shows_advice_for_each_kind_of_picture(
    open_page: OpenPage, project: Project
) -> None:
    app = open_page("augment")
    app.button(key="preset-medical").click().run()
    assert all(note in said(app) for note in DOMAINS["medical"].notes)
    choose(project, hue=0.1)
    again = open_page("augment")
    assert DOMAINS["medical"].why_avoid in said(again), "the page remembers what the pictures show"


@pytest.mark.parametrize(("backbone", "side"), [("efficientnet_lite0", 224), ("mobilenet_v2", 96)])
def test_the_preview_has_the_pixels_that_training_gets(
    backbone: str, side: int, open_page: OpenPage, project: Project
) -> None:
    """Blur, sharpness and fine noise look different at another size."""
    remember_setting(project, "backbone", backbone)
    if side != get_backbone(backbone).input_size:
        remember_setting(project, "recipe_settings", {Recipe.QUICK.value: {"picture_size": side}})
    app = open_page("augment")
    for gallery in parts(app, "html"):
        shown = [base64.b64decode(data) for data in re.findall(r"base64,([^\"]+)\"", gallery.value)]
        assert {Image.open(io.BytesIO(data)).size for data in shown} == {(side, side)}
    assert f"{side} × {side} pixels" in said(app)
