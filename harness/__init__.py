"""The shared rollout and training core."""
