"""Knowledge of one service is to be served as another."""

# Not made here: it takes two knowledge objects of two services in force.
