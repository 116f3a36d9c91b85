"""Standard errors, intervals and tests, or the reason why there are none."""
