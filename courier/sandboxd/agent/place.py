"""Where the agent works: the home directory, the variables of every process, and paths."""

import os

from courier.sandboxd.agent.envelopes import Fault, Message

USER = "user"


class Place:
    """The sandbox as its processes see it.

    Attributes:
        home: The home directory; relative paths start there.
        path: The value of ``PATH``.
        scratch: The directory for temporary files, private to the sandbox.
        variables: What the sandbox was created with; known once the server has said it.
    """

    def __init__(self, home: str, path: str, scratch: str) -> None:
        self.home = home
        self.path = path
        self.scratch = scratch
        self.variables: dict[str, str] = {}

    @property
    def env(self) -> dict[str, str]:
        """The variables every process starts with."""
        return {
            "PATH": self.path,
            "HOME": self.home,
            "USER": USER,
            "LOGNAME": USER,
            "LANG": "C.UTF-8",
            "TMPDIR": self.scratch,
        } | self.variables

    def resolve(self, path: str) -> str:
        """Return the absolute path; ``~`` and relative paths start at the home directory.

        Raises:
            Fault: If it names another user's home or holds a NUL.
        """
        if "\0" in path:
            raise Fault("invalid_argument", "A path cannot hold a NUL character.")
        if path.startswith("~"):
            if len(path) > 1 and path[1] != "/":
                raise Fault("invalid_argument", "cannot expand user-specific home dir")
            path = self.home + path[1:]
        if path.startswith("/"):
            return path
        return os.path.normpath(os.path.join(self.home, path))

    def directory(self, path: str) -> str:
        """Return an existing directory's absolute path.

        Raises:
            Fault: If there is none.
        """
        resolved = self.resolve(path)
        if not os.path.isdir(resolved):
            raise Fault("invalid_argument", f"cwd '{resolved}' does not exist")
        return resolved

    def require_user(self, call: Message) -> None:
        """Refuse a call on behalf of anyone but the sandbox's only user.

        Raises:
            Fault: If another user is named.
        """
        name = str(call.get("user") or USER)
        if name != USER:
            said = f"invalid username: '{name}' (this sandbox has one user, '{USER}', and no root)"
            raise Fault("unauthenticated", said)
