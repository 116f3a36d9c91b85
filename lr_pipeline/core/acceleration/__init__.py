"""What makes a fit faster and changes no answer: better starts, and small tables."""
