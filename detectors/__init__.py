"""What is suspicious: books, rules and models. Pure: no clock, no randomness, no log, no input or output."""
