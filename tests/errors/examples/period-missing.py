"""The SQL of a measure is asked for, and of no period."""

command("rounds measure show blood-pressure-control --sql")
