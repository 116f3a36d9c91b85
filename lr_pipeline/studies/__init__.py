"""The tutorial's topics, computed and drawn: each study returns numbers and pictures."""
