"""Settings that cannot be are refused, all at once."""

import datetime as dt

import pytest

from rounds.nouns import DefinitionError
from rounds.world import DiabetesPlanting, ScreeningPlanting, WorldConfig


@pytest.mark.parametrize(
    "setting",
    [
        {"problems": ("hypertension", "plague")},
        {"problems": ("diabetes",)},
        {"problems": ("hypertension", "diabetes", "diabetes")},
        {"diabetes": DiabetesPlanting(statin=1.2)},
        {"diabetes": DiabetesPlanting(tested_spread=-0.1)},
        {"screening": ScreeningPlanting(done=float("nan"))},
        {"n_clinics": 1},
        {"people": 100},
        {"weeks": 0},
        {"effect": -0.1},
        {"effect": float("nan")},
        {"harm": 0.2},
        {"faults": ("plague",)},
        {"n_outliers": 30},
        {"go_live": dt.date(2025, 1, 7)},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_a_setting_out_of_range_is_named(setting):
    with pytest.raises(DefinitionError, match=next(iter(setting))) as caught:
        WorldConfig(**setting)
    assert caught.value.code == "world-config"
    assert caught.value.remedies


def test_everything_wrong_is_said_at_once():
    with pytest.raises(DefinitionError) as caught:
        WorldConfig(effect=2.0, harm=2.0, weeks=-1)
    for name in ("effect", "harm", "weeks"):
        assert f"WorldConfig.{name}" in str(caught.value)
