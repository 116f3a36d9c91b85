"""What each column does in the models: odds ratios, points of probability, joint tests, groups."""
