"""Rules that ask about one stay, from the institution's side."""
