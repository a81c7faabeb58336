"""Rules that ask about an item's volume in one institution."""
