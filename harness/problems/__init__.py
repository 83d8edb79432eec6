"""What is asked: the pool, the held-out sets, and that they are safe. No model is loaded here."""
