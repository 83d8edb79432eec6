"""`bench eval`: policies on benchmarks, outside any comparison. Nothing here trains."""
