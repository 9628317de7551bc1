"""Matrices, and the difference between a matrix and reality, as tables and pictures."""
