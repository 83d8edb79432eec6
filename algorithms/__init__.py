"""What differs between methods: pure functions and classes of torch. No other room, no files."""
