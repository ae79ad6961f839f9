"""The exception whose message is shown to the user."""


class UserError(Exception):
    """An error that the user can correct. Its message is one line: where, what is wrong, what is allowed."""
