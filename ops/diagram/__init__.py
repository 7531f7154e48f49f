"""The architecture picture of a stack, from what its program registers: `make diagram`.

graph (resources) → reading (what they are to a person) → layout (where that goes) → drawing (SVG).
"""
