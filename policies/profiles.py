"""The profiles of rules; apart, so that who only names one loads nothing of the engine."""

PROFILES = ("development", "test", "production")
