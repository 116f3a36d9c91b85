"""Penalties, which are added to the sum of log losses: one file each, listed in ``by_name``."""
