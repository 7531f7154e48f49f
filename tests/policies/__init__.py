"""The rules, and the two ways they are used."""
