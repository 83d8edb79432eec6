"""What may be said about what was measured. Nothing is measured or drawn here."""
