"""Whether predicted probabilities are right: calibration line, expected error and its noise."""
