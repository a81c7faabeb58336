"""Rules that ask about a household's stays."""
