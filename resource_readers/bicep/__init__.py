"""Bicep files."""
