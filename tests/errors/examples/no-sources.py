"""Evidence is to be weighed without any source."""

from rounds.loop import evidence
from rounds.nouns import PICO

question = PICO(population="p", intervention="i", comparator="c", outcome="o")
evidence.run(None, (), None, question=question, name="e", title="E")
