"""The rule, its words and its golden cases."""
