"""Others that read the same topic, each a command of its own that prints what it counted as JSON."""
