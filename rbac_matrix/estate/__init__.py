"""What is known of an estate: role assignments, the directory, memberships, denials; and what could not be read."""
