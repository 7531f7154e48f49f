"""The comment on a pull request: what it would do to each stack, for somebody who has to decide about it."""
