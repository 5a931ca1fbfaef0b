"""The one exception of the builder."""


class BuildError(Exception):
    """Something the sandbox needs could not be built or installed; the message says what and what to do."""
