"""One turn on a made health system whose true answers are known."""

from rounds.conduct.demo.beginning import Beginning, begin
from rounds.conduct.demo.options import DemoDesign, DemoOptions, DemoTurn
from rounds.conduct.demo.run import run_demo
from rounds.conduct.demo.schedules import USUAL_WEEKS
from rounds.conduct.demo.trial import carry

__all__ = [
    "USUAL_WEEKS",
    "Beginning",
    "DemoDesign",
    "DemoOptions",
    "DemoTurn",
    "begin",
    "carry",
    "run_demo",
]
