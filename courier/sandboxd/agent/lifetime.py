"""What the server tells the agent about the sandbox itself: variables, deadline, freeze, end.

The server ends a sandbox in time; should the server be gone, the agent does it a little later.
"""

import os

from courier.sandboxd.agent.envelopes import Message, pack_json
from courier.sandboxd.agent.link import Call, Link
from courier.sandboxd.agent.loop import Loop, Timer
from courier.sandboxd.agent.place import Place
from courier.sandboxd.agent.tree import Tree, usage

GRACE_SECONDS = 15.0
UNCLAIMED_SECONDS = 60.0


class Lifetime:
    """Answers the calls named ``agent/…``."""

    def __init__(self, loop: Loop, place: Place, tree: Tree) -> None:
        self._loop = loop
        self._place = place
        self._tree = tree
        self._given = False
        self._timer: Timer | None = loop.after(UNCLAIMED_SECONDS, self._exit)
        self.unary = {
            "agent/Configure": self._configure,
            "agent/Deadline": self._deadline,
            "agent/Freeze": self._freeze,
            "agent/Thaw": self._thaw,
            "agent/Clear": self._clear,
            "agent/Metrics": self._metrics,
            "agent/Shutdown": self._shutdown,
        }
        self.streams = {"agent/Leash": self._leash}

    def _leash(self, link: Link, _: Call) -> None:
        """Live as long as this call, until the sandbox is given to somebody."""
        self._deadline({})

        def let_go() -> None:
            if not self._given:
                self._exit()

        link.on_close = let_go
        link.send(pack_json({}))

    def _configure(self, message: Message) -> Message:
        given = message.get("variables")
        if given is not None:
            self._given = True
            self._place.variables = {str(key): str(value) for key, value in given.items()}
            self._deadline(message)
        return {"home": self._place.home, "variables": self._place.variables}

    def _deadline(self, message: Message) -> Message:
        if self._timer is not None:
            self._timer.cancel()
        seconds = message.get("seconds")
        if seconds is not None:
            act = self._tree.freeze if message.get("freeze") else self._exit
            self._timer = self._loop.after(max(float(seconds), 0) + GRACE_SECONDS, act)
        return {}

    def _freeze(self, _: Message) -> Message:
        self._tree.freeze()
        return {}

    def _thaw(self, _: Message) -> Message:
        self._tree.thaw()
        return {}

    def _clear(self, _: Message) -> Message:
        self._tree.kill()
        return {}

    def _metrics(self, _: Message) -> Message:
        pids = self._tree.pids()
        seconds, memory = usage(pids)
        return {"processes": len(pids), "cpuSeconds": seconds, "memoryBytes": memory}

    def _shutdown(self, _: Message) -> Message:
        self._tree.kill()
        self._loop.after(0.0, self._exit)
        return {}

    def _exit(self) -> None:
        self._tree.kill()
        os._exit(0)
