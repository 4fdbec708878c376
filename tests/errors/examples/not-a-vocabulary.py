"""The folder holds neither CONCEPT.csv nor a ValueSet or ConceptMap."""

from rounds.datamart import load_vocabulary

(folder / "athena").mkdir()
(folder / "athena" / "readme.txt").write_text("Unpack the download here.\n")
load_vocabulary(folder / "athena", folder / "datamart")

# Instead:
from rounds.datamart import load_vocabulary
from stories.small_vocabulary import write_export

load_vocabulary(write_export(folder / "whole"), folder / "datamart")
