"""Presets of ranges: the windows of radiology in Hounsfield units."""

from core.data.pixels.range_presets import RANGE_PRESETS


def test_windows_of_ct_are_level_and_half_the_width() -> None:
    windows = {code: preset.pixel_range for code, preset in RANGE_PRESETS.items() if code.startswith("ct_")}
    assert windows == {
        "ct_soft_tissue": (-160, 240),
        "ct_lung": (-1350, 150),
        "ct_bone": (-500, 1300),
        "ct_brain": (0, 80),
        "ct_liver": (-20, 140),
        "ct_all": (-1024, 3071),
    }
