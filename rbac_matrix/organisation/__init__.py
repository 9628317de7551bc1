"""The matrices as an organisation has them: the built-in ones with its overrides, groups, setups and exceptions."""
