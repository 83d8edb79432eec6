"""The report's figures. Nothing is measured here; a figure draws what an analysis holds."""
