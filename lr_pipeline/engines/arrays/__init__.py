"""Arrays and data frames as callers have them, converted to float64 or refused with the reason."""
