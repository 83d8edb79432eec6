"""Which prompts a step takes, apart from what is learned of them. No loss is known here."""
