"""The embedded default: procedural twins of the three benchmarks."""
