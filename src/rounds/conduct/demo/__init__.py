"""One turn on a made health system whose true answers are known."""

from rounds.conduct.demo.run import DemoOptions, DemoTurn, run_demo

__all__ = ["DemoOptions", "DemoTurn", "run_demo"]
