"""`mlgate check`: everything that can be said of a project's files, before anything runs."""
