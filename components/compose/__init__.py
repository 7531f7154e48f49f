"""How the platform chooses and connects the components of a stack, part by part."""
