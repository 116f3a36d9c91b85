"""Tables with column roles: where they come from, whether they are sound, how they are split."""
