"""CDS hooks that are served: request to facts, one file for each hook."""

from rounds.loop.change.cds_hooks.patient_view import KEYS, PatientView

__all__ = ["KEYS", "PatientView"]
