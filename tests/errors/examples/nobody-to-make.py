"""Of each branch one patient at least is made up."""

command("rounds measure example blood-pressure-control --make 0")
