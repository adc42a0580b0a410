import numpy as np
import pytest

from dustjacket.typesetting.contrast import MIN_CONTRAST, contrast, luminance, veil_opacity

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def test_ratios_are_those_of_wcag():
    assert contrast(WHITE, np.array([BLACK])) == pytest.approx(21)
    assert contrast((119, 119, 119), np.array([WHITE])) == pytest.approx(4.48, abs=0.01)
    assert luminance((255, 0, 0)) == pytest.approx(0.2126)


def test_a_speck_is_tolerated_and_a_patch_is_not():
    behind = np.zeros((1000, 3))
    behind[:5] = 255
    assert contrast(WHITE, behind) == pytest.approx(21)
    behind[:50] = 255
    assert contrast(WHITE, behind) == pytest.approx(1)


def test_a_veil_is_as_light_as_suffices():
    behind = np.full((50, 3), 140.0)
    opacity = veil_opacity(WHITE, BLACK, behind)
    assert 0 < opacity < 0.6
    assert contrast(WHITE, behind * (1 - opacity)) >= MIN_CONTRAST
    assert veil_opacity(WHITE, BLACK, behind * 0) == 0
