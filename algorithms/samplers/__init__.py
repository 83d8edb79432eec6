"""Which prompts a step works on, and what is kept of their responses: one file a method."""
