"""Google's way of watching."""
