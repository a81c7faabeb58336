"""frequent_admission: admitted too often in a year."""
