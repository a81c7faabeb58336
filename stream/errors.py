"""What stops a command in a way that its operator can mend."""


class OperatorError(Exception):
    """Something outside the program is wrong: one clear sentence, and the cure.

    The command line prints both on one line of standard error and exits with 1.

    Operator action: do what `cure` says.
    """

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.message}; {self.cure}" if self.cure else self.message
