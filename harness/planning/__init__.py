"""What will be run, written down before anything runs. Nothing here trains."""
