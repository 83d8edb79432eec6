"""Who runs the planned runs. Nothing here knows what a run computes."""
