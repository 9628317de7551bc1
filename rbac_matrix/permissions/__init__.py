"""What roles permit: definitions, effective actions, and how two of them compare."""
