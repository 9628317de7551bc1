"""What changes between two states, and what has to change to reach the matrix."""
