"""Watching directories: the streaming and the polling half of ``filesystem.Filesystem``."""

import os

from courier.sandboxd.agent.entries import describe
from courier.sandboxd.agent.envelopes import Fault, Message, pack_json
from courier.sandboxd.agent.inotify import Inotify, Notice
from courier.sandboxd.agent.link import Call, Link
from courier.sandboxd.agent.loop import READ, Loop
from courier.sandboxd.agent.place import Place

GONE_KINDS = ("EVENT_TYPE_REMOVE", "EVENT_TYPE_RENAME")
MOST_EVENTS = 100_000


class _Watch:
    def __init__(self, inotify: Inotify, top: str, *, with_entry: bool) -> None:
        self.inotify = inotify
        self.top = top
        self.with_entry = with_entry
        self.events: list[Message] = []

    def event(self, notice: Notice) -> Message:
        event: Message = {"name": os.path.relpath(notice.path, self.top), "type": notice.kind}
        if self.with_entry and notice.kind not in GONE_KINDS:
            try:
                event["entry"] = describe(notice.path)
            except Fault:
                return event
        return event


class Watches:
    """Every watch that somebody asked for."""

    def __init__(self, loop: Loop, place: Place) -> None:
        self._loop = loop
        self._place = place
        self._polled: dict[str, _Watch] = {}
        self.unary = {
            "filesystem.Filesystem/CreateWatcher": self._create,
            "filesystem.Filesystem/GetWatcherEvents": self._take,
            "filesystem.Filesystem/RemoveWatcher": self._remove,
        }
        self.streams = {"filesystem.Filesystem/WatchDir": self._stream}

    def _open(self, message: Message) -> _Watch:
        path = self._place.resolve(str(message.get("path") or ""))
        if not os.path.exists(path):
            raise Fault("not_found", f"path {path} not found")
        if not os.path.isdir(path):
            raise Fault("invalid_argument", f"path {path} not a directory")
        try:
            inotify = Inotify(path, recursive=bool(message.get("recursive")))
        except OSError as problem:
            raise Fault("internal", f"error adding path {path} to watcher: {problem}") from problem
        return _Watch(inotify, path, with_entry=bool(message.get("includeEntry")))

    def _close(self, watch: _Watch) -> None:
        self._loop.forget(watch.inotify.fd)
        watch.inotify.close()

    def _stream(self, link: Link, call: Call) -> None:
        watch = self._open(call.message)
        link.send(pack_json({"start": {}}))
        link.limit(call, alive=pack_json({"keepalive": {}}))

        def tell() -> None:
            for notice in watch.inotify.read():
                link.send(pack_json({"filesystem": watch.event(notice)}))

        link.on_close = lambda: self._close(watch)
        self._loop.watch(watch.inotify.fd, READ, tell)

    def _create(self, message: Message) -> Message:
        watch = self._open(message)
        watcher_id = "w" + os.urandom(10).hex()
        self._polled[watcher_id] = watch

        def keep() -> None:
            watch.events += [watch.event(notice) for notice in watch.inotify.read()]
            del watch.events[:-MOST_EVENTS]

        self._loop.watch(watch.inotify.fd, READ, keep)
        return {"watcherId": watcher_id}

    def _take(self, message: Message) -> Message:
        watch = self._polled.get(str(message.get("watcherId")))
        if watch is None:
            raise Fault("not_found", f"watcher with id {message.get('watcherId')} not found")
        events, watch.events = watch.events, []
        return {"events": events}

    def _remove(self, message: Message) -> Message:
        watch = self._polled.pop(str(message.get("watcherId")), None)
        if watch is None:
            raise Fault("not_found", f"watcher with id {message.get('watcherId')} not found")
        self._close(watch)
        return {}
