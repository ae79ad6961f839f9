"""The one exception that is meant for the user's eyes."""


class UserError(Exception):
    """Something the user can mend. Its message is one line: where, what is wrong, what is allowed."""
