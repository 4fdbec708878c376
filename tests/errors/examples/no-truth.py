"""The grader finds no truth file of a simulated world."""

from rounds.school.truth import open_truth

open_truth(folder / "truth.json")
