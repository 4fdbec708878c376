"""Series watched after a change: CUSUM, EWMA, and false alarms."""
