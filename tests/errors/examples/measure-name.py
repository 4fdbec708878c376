"""A measure's name is part of its address, so it holds no spaces and no capitals."""

command("rounds init our-hospital")
command("rounds measure define 'Door to needle' --project our-hospital")

# Instead:
command("rounds measure define door-to-needle --project our-hospital")
