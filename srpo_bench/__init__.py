"""Matched comparisons of RL post-training methods: four rooms under one name, no code of its own."""

__version__ = "0.1.0"
