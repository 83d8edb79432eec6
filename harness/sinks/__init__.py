"""Where a run's metrics also go, beside its own records: one short file a library."""
