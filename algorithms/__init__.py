"""Methods under comparison: pure torch, no other room."""
