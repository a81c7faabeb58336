"""outpatient_during_stay: treated elsewhere while in."""
