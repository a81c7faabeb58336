"""Rules that ask about an institution as a whole: its beds, its arrivals, its amounts, its terminals."""
