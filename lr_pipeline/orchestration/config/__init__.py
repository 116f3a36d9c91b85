"""What the Launchpad shows: how to train, to evaluate, to score, and what the studies try."""
