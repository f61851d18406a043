"""How each protocol writes the parameters of a call; ``parser`` chooses among them."""
