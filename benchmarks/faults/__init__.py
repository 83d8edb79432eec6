"""Faults brought about on purpose, and whether any record of a run differs afterwards."""
