"""The five steps. They never import each other; they hand over nouns.

```
            Data → Knowledge                    Knowledge → Practice
       ┌─────────────┐  Problem  ┌─────────────┐  Evidence  ┌─────────────┐
  ┌──▶ │   problem   │ ────────▶ │  evidence   │ ─────────▶ │   change    │ ──┐
  │    └─────────────┘           └─────────────┘            └─────────────┘   │ Rollout
  │           ▲                         ▲                          │          │
  │           │ reads                   │ reads                    │ exposures│
  │    ╔══════╧═════════════════════════╧══════════════════════════▼══════╗   │
  │    ║           datamart            Practice → Data                    ║   │
  │    ╚══════════════════════════════════════════╤═══════════════════════╝   │
  │                                               │ reads                     │
  │    ┌─────────────┐         Evaluation         ▼                           │
  │    │  decision   │ ◀──────────────── ┌─────────────┐                      │
  │    └─────────────┘                   │ evaluation  │ ◀────────────────────┘
  └───────── Decision                    └─────────────┘
```

The loop closes in the data, not in the code: the Decision of one turn is what the next
one's `problem` takes.
"""

STEPS = ("problem", "evidence", "change", "evaluation", "decision")

__all__ = ["STEPS"]
