"""The file of a measure is not there."""

command("rounds measure explain door-to-needle.yaml")
