"""Problems in, grades out. Nothing here knows a policy, an algorithm or a run."""
