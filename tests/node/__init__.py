"""A node for tests: real processes in the place of the pods that the sandbox only simulates.

Each pod gets its own network with its own address; each container its own view of this machine's
files, with the pod's volumes and what its image holds at their paths, and its user, rights and
environment as the pod says. Services answer at their names. All of it is in namespaces of its own.
"""
