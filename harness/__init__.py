"""A comparison from what was typed to what was recorded. No method is known here by name."""
