"""Resources of a project against the rules: where readers and policy engine meet; neither knows of the other."""
