"""Reads run directories; needs neither torch nor the harness."""
