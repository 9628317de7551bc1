"""The trees that files are turned into, with the place of every value: JSON as Azure reads it, YAML."""
