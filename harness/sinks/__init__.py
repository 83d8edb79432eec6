"""Where a run's metrics also go, a short file a library. Nothing here may fail a run."""
