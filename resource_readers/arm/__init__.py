"""ARM templates in JSON."""
