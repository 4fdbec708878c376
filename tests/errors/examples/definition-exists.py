"""A file that someone wrote is not written over."""

command("rounds init our-hospital")
command("rounds measure define door-to-needle --project our-hospital")
command("rounds measure define door-to-needle --project our-hospital")
