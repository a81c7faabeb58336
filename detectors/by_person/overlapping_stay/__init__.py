"""overlapping_stay: in two hospitals at once."""
