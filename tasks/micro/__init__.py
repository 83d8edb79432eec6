"""The embedded testbed: procedural twins of three benchmarks. Nothing is read from disk."""
