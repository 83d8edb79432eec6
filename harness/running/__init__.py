"""One run, in a process of its own. Nothing here knows of other runs."""
