"""A zip archive is cut off or damaged."""

from rounds.datamart.given.zip_members import unpack

(folder / "export.zip").write_bytes(b"PK\x03\x04 and no more")
unpack(folder / "export.zip", folder / "unpacked")

# Instead:
import zipfile

from rounds.datamart.given.zip_members import unpack

with zipfile.ZipFile(folder / "whole.zip", "w") as archive:
    archive.writestr("person.csv", "person_id,year_of_birth\n1,1960\n")
unpack(folder / "whole.zip", folder / "unpacked")
