"""Matched comparisons of RL post-training methods: the namespace of the four rooms."""

__version__ = "0.1.0"
