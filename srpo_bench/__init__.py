"""Matched comparisons of RL post-training methods: the namespace of the four rooms."""
