"""Where an attempt waits, paused, that had to stop in the middle."""

from courier.resources.model import Model
from courier.runs.usage.usage import Usage


class Paused(Model):
    """A sandbox that was paused with its agent's conversation, for the next attempt to go on."""

    sandbox: str
    attempt: str
    """The attempt it was opened for."""
    session: str
    used: Usage = Usage()
    """What the conversation used by then."""
