"""What must hold for every resource: rules over the graph of resources that a stack registers.

Used by the tests, by `make policy`, and by the engine: `pulumi preview --policy-pack policies`.
The rules are in a package of their own, since the engine may put this folder itself on Python's path,
where modules called `secrets` or `google` would hide others.
"""
