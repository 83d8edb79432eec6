"""Settings chosen before a comparison, on seeds that no report uses. Nothing here is a result."""
