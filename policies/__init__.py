"""The Azure Policy engine and its packs of rules will live here; nothing imports it yet."""
