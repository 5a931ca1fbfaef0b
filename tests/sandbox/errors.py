"""What can go wrong with the sandbox, each with a message a person can act on."""


class SandboxError(RuntimeError):
    """Something of the sandbox did not work; the message says what, where and what to do."""


class SandboxBusyError(SandboxError):
    """Another process is working with the sandbox."""
