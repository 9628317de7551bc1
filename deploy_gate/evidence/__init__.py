"""What is left to prove what happened: the audit trail."""
