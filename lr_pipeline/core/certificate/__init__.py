"""How far a fit can still be from its optimum: a bound that holds, rounding included."""
