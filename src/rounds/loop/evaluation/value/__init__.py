"""At what price: resources, their prices, cost and net benefit."""
