"""Matched comparisons of RL post-training methods: four rooms, one name, no code of its own."""

__version__ = "0.1.0"
