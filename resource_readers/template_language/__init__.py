"""What ARM and Bicep share: the evaluator, the template functions, resource ids, and values that are not known."""
