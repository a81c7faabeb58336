"""Rules that ask about an institution among its peers."""
