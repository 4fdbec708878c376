"""More than two parallel arms: periods, factors, visits, changing chances."""
