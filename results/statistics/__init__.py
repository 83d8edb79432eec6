"""What was measured: estimates and intervals. Nothing here knows a claim or a run's folder."""
