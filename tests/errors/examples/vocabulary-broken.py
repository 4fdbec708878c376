"""A vocabulary's file lacks a column, is cut, or holds a value of the wrong type; or a ValueSet has no url."""

from rounds.datamart import load_vocabulary

(folder / "athena").mkdir()
(folder / "athena" / "CONCEPT.csv").write_text("concept_id\tconcept_name\n101\tA\n")
load_vocabulary(folder / "athena", folder / "datamart")

# Instead:
from rounds.datamart import load_vocabulary
from stories.small_vocabulary import write_export

load_vocabulary(write_export(folder / "whole"), folder / "datamart")
