"""From probability to answer: what a threshold does, what it costs, and how far the top rows go."""
