"""Errors that a user can put right: one line, no traceback."""


class UserError(Exception):
    """What is wrong, where, and what to do, in one line.

    `exit_code` is what a command ends with: 1 a problem was found, 2 it was used or set wrongly.
    """

    def __init__(self, message: str, *, exit_code: int = 2) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code
