"""Verdicts as people and machines read them; `interface` is the page to read first."""
