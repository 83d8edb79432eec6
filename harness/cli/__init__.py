"""What a person types, and what is printed. Nothing heavy is imported before it is used."""

STOPPED = "bench: Stopped; nothing is left half written."
"""What whoever interrupts a command reads, unless the command knows more."""
