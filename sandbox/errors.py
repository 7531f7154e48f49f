"""The one exception that the sandbox's commands turn into a message."""


class SandboxError(Exception):
    """Something the user can act on: the message says what happened and what to do next."""
