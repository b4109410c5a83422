"""Services of EAS shape, two dimensions a card: the engine against best fit, one-dimensional FGD and a bound."""
