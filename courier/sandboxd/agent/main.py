"""Starts the agent: confines itself, then serves calls on the inherited socket until killed."""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable

from courier.sandboxd.agent.confinement import Bounds, become_ordinary
from courier.sandboxd.agent.envelopes import Fault, Message
from courier.sandboxd.agent.files import Files
from courier.sandboxd.agent.lifetime import Lifetime
from courier.sandboxd.agent.link import Call, Link
from courier.sandboxd.agent.loop import READ, Loop
from courier.sandboxd.agent.place import Place
from courier.sandboxd.agent.processes import Processes
from courier.sandboxd.agent.transfers import Transfers
from courier.sandboxd.agent.tree import Tree
from courier.sandboxd.agent.tunnel import Tunnels
from courier.sandboxd.agent.watches import Watches

Unary = Callable[[Message], Message]
Stream = Callable[[Link, Call], None]


class Agent:
    """The services of one sandbox, reachable through a listening socket."""

    def __init__(self, listener: socket.socket, place: Place) -> None:
        self.loop = Loop()
        self._listener = listener
        self._place = place
        processes = Processes(self.loop, place)
        files, transfers = Files(place), Transfers(place)
        watches = Watches(self.loop, place)
        lifetime = Lifetime(self.loop, place, Tree(processes.reap))
        self._unary: dict[str, Unary] = {
            **processes.unary,
            **files.unary,
            **watches.unary,
            **lifetime.unary,
        }
        self._streams: dict[str, Stream] = {
            **processes.streams,
            **transfers.streams,
            **watches.streams,
            **Tunnels(self.loop).streams,
            **lifetime.streams,
        }
        self.loop.on_child_death(processes.reap)
        self.loop.watch(listener.fileno(), READ, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        Link(self.loop, connection, self._open)

    def _open(self, link: Link, call: Call) -> None:
        try:
            self._place.require_user(call.fields)
            self._dispatch(link, call)
        except Fault as fault:
            link.end(fault)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            link.end(Fault("invalid_argument", f"cannot understand {call.method}: {problem!r}"))

    def _dispatch(self, link: Link, call: Call) -> None:
        if call.method in self._unary:
            link.answer(self._unary[call.method](call.message))
        elif call.method in self._streams:
            self._streams[call.method](link, call)
        else:
            raise Fault("unimplemented", f"{call.method} is not served here")


def main() -> None:
    """Run the agent as the bounds in the first argument say."""
    bounds = Bounds(**json.loads(sys.argv[1]))
    os.environ.clear()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    listener = socket.socket(fileno=bounds.listen)
    os.set_inheritable(bounds.listen, False)  # noqa: FBT003 - positional only
    listener.settimeout(0)
    if bounds.adopts:
        from courier.sandboxd.agent.tree import adopt_orphans

        adopt_orphans()
    become_ordinary(bounds)
    os.chdir(bounds.home)
    Agent(listener, Place(bounds.home, bounds.path, bounds.scratch)).loop.run()
