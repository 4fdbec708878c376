"""A zip archive would write elsewhere, holds a link, or swells beyond what data do."""

import zipfile

from rounds.datamart.given.zip_members import unpack

with zipfile.ZipFile(folder / "export.zip", "w") as archive:
    archive.writestr("../person.csv", "person_id,year_of_birth\n1,1960\n")
unpack(folder / "export.zip", folder / "unpacked")

# Instead:
import zipfile

from rounds.datamart.given.zip_members import unpack

with zipfile.ZipFile(folder / "export.zip", "w") as archive:
    archive.writestr("person.csv", "person_id,year_of_birth\n1,1960\n")
unpack(folder / "export.zip", folder / "unpacked")
