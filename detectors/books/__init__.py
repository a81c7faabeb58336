"""What is kept of each key: visits, an institution's habits, its items, persons, households."""
