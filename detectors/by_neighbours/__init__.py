"""Rules that ask about people who share an address, a telephone or an employer."""
