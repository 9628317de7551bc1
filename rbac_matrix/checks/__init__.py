"""The rules of role assignments, and what they find."""
