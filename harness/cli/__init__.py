"""What a person types, and what is printed. Nothing heavy is imported before it is used."""
