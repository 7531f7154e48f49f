"""The components that make up a stack; `platform` composes them."""
