"""A measure is asked to leave out an addition that it does not have."""

folder = project()
command(
    "rounds measure run blood-pressure-control --from 2019-01-01 --to 2019-12-31 "
    f"--without-addition synthia --project {folder}"
)

# Instead:
folder = project()
command(f"rounds measure explain blood-pressure-control --project {folder}")
