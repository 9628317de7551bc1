"""Names that others need without the engine behind them."""

SCANNER = "policy"
SECRETS = "secrets"
"""The family of rules whose findings don't quote what they found."""
