"""How a command says that it could not, or was asked wrongly: one sentence and an exit status."""

COULD_NOT = 1
WRONG_USE = 2


class CommandFailed(Exception):
    """One clear sentence for the person at the terminal, and the status the command ends with."""

    def __init__(self, message: str, status: int = COULD_NOT) -> None:
        super().__init__(message)
        self.status = status
