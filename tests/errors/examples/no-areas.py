"""Not one line of an area table can be kept: it may be a table of counties."""

from rounds.datamart import load

(folder / "areas").mkdir()
(folder / "areas" / "SVI_2022_US_county.csv").write_text(
    "STCNTY,COUNTY,FIPS,RPL_THEMES\n25017,Middlesex,25017,0.2\n"
)
load(folder / "areas", folder / "datamart")

# Instead:
from rounds.datamart import load

(folder / "areas").mkdir()
(folder / "areas" / "SVI_2022_US.csv").write_text(
    "STCNTY,COUNTY,FIPS,RPL_THEMES\n25017,Middlesex,25017352101,0.2\n"
)
load(folder / "areas", folder / "datamart")
