"""Rules that ask about a person: one page holds the newest snapshot of each of his visits."""
