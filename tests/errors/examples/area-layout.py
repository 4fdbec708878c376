"""An area table does not say of which year it is, or which column is what."""

from rounds.datamart import load

(folder / "areas").mkdir()
(folder / "areas" / "svi.csv").write_text("FIPS,RPL_THEMES\n02138,0.2\n")
load(folder / "areas", folder / "datamart")

# Instead:
from rounds.datamart import load

(folder / "areas").mkdir()
(folder / "areas" / "SVI_2022_US_ZCTA.csv").write_text("FIPS,RPL_THEMES\n02138,0.2\n")
load(folder / "areas", folder / "datamart")
