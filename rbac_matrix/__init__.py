"""Personas, roles and the matrices of who may hold which role where."""
