"""Units compared as if their people were alike: models, calibration, rates."""
