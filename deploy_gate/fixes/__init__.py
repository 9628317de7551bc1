"""Mends what a rule found, where the mistake is one property with one right value: in the text, byte for byte."""
