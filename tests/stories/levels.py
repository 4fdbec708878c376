"""Clinicians in clinics in regions, made by hand, whose spreads are known."""

import numpy as np

from stories.clinics import Clinics


def nested(
    *,
    seed=1,
    n_regions=8,
    clinics_each=6,
    clinicians_each=4,
    size=25,
    sds=(0.0, 0.4, 0.3),
    age_gap=0.0,
    centre=0.4,
    regions_known=True,
):
    """Make a datamart whose log odds of control vary by `sds` between regions, clinics
    and clinicians, and fall by `age_gap` a decade of age; half the clinics see the old.
    """
    rng = np.random.default_rng(seed)
    n_clinics = n_regions * clinics_each
    n_clinicians = n_clinics * clinicians_each
    clinician = np.repeat(np.arange(n_clinicians), size)
    clinic, region = (
        clinician // clinicians_each,
        clinician // (clinicians_each * clinics_each),
    )
    effects = [
        sd * rng.standard_normal(k)
        for sd, k in zip(sds, (n_regions, n_clinics, n_clinicians), strict=True)
    ]
    n = clinician.size
    old = clinic % 2 == 1
    age = np.where(old, rng.integers(60, 84, n), rng.integers(30, 60, n))
    eta = centre - age_gap * (age - 57) / 10
    eta = eta + effects[0][region] + effects[1][clinic] + effects[2][clinician]
    mart = Clinics(
        clinic=clinic,
        controlled=rng.random(n) < 1 / (1 + np.exp(-eta)),
        svi=np.full(n, np.nan),
        female=rng.random(n) < 0.5,
        day=rng.integers(0, 366, n),
        age=age,
    )
    run = mart._connection.execute
    run("DELETE FROM provider")
    run(
        "INSERT INTO provider SELECT range, 'dr-' || range FROM range(1, ?)",
        [n_clinicians + 1],
    )
    run(
        "UPDATE visit_occurrence SET provider_id = (visit_occurrence_id - 1) // ? + 1",
        [size],
    )
    if regions_known:
        run("ALTER TABLE care_site ADD COLUMN location_id BIGINT")
        run("UPDATE care_site SET location_id = care_site_id")
        run(
            "CREATE TABLE location AS SELECT care_site_id AS location_id, "
            "'region-' || ((care_site_id - 1) // ?) AS state FROM care_site",
            [clinics_each],
        )
    return mart
