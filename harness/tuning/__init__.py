"""Settings found before a comparison, on seeds that no report uses."""
