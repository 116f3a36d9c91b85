"""What is added to the sum of log losses, one file a penalty; ``by_name`` lists them all."""
