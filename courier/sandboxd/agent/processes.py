"""The service ``process.Process``: every process that was started here, and the recently ended."""

import base64
import os
import signal
from typing import NamedTuple

from courier.sandboxd.agent.envelopes import Fault, Message, pack_json, parse
from courier.sandboxd.agent.link import Call, Link
from courier.sandboxd.agent.loop import Loop
from courier.sandboxd.agent.place import Place
from courier.sandboxd.agent.process import Process, Spawn

REMEMBERED_SECONDS = 30.0
INPUT_POLL_SECONDS = 0.02
SIGNALS = {"SIGNAL_SIGKILL": signal.SIGKILL, "SIGNAL_SIGTERM": signal.SIGTERM}
SIGNAL_NUMBERS = {9: "SIGNAL_SIGKILL", 15: "SIGNAL_SIGTERM"}


class _Entry(NamedTuple):
    process: Process
    config: Message
    tag: str | None


class Processes:
    """Starts processes and finds them again by pid or tag."""

    def __init__(self, loop: Loop, place: Place) -> None:
        self._loop = loop
        self._place = place
        self._live: dict[int, _Entry] = {}
        self._ended: dict[int, _Entry] = {}
        self.unary = {
            "process.Process/List": self._list,
            "process.Process/SendInput": self._send_input,
            "process.Process/SendSignal": self._send_signal,
            "process.Process/CloseStdin": self._close_stdin,
            "process.Process/Update": self._update,
        }
        self.streams = {
            "process.Process/Start": self._start,
            "process.Process/Connect": self._connect,
            "process.Process/StreamInput": self._stream_input,
        }

    def reap(self) -> None:
        """Collect every dead child, ours or adopted."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            entry = self._live.get(pid)
            if entry is not None:
                entry.process.reaped(os.waitstatus_to_exitcode(status))

    def _start(self, link: Link, call: Call) -> None:
        config: Message = call.message.get("process") or {}
        tag = call.message.get("tag")
        process = self._spawn(config, call.message)
        pid = process.pid
        entry = _Entry(process, config, tag)
        self._ended = {
            other: ended
            for other, ended in self._ended.items()
            if other != pid and (tag is None or ended.tag != tag)
        }
        self._live[pid] = entry
        self._follow(link, call, process)
        if call.timeout:
            self._loop.after(call.timeout, lambda: process.signal(signal.SIGKILL))

    def _spawn(self, config: Message, message: Message) -> Process:
        size = (message.get("pty") or {}).get("size")
        spawn = Spawn(
            argv=(str(config.get("cmd") or ""), *map(str, config.get("args") or ())),
            cwd=self._place.directory(str(config.get("cwd") or "")),
            env=self._place.env | {str(k): str(v) for k, v in (config.get("envs") or {}).items()},
            stdin=bool(message.get("stdin", True)),
            terminal=(int(size.get("rows", 24)), int(size.get("cols", 80))) if size else None,
        )
        try:
            return Process(self._loop, spawn, self._ended_now)
        except (OSError, ValueError) as problem:
            said = f"error starting process '{' '.join(spawn.argv)}': {problem}"
            raise Fault("invalid_argument", said) from problem

    def _ended_now(self, process: Process) -> None:
        pid = process.pid
        entry = self._ended[pid] = self._live.pop(pid)

        def forget() -> None:
            if self._ended.get(pid) is entry:
                del self._ended[pid]

        self._loop.after(REMEMBERED_SECONDS, forget)

    def _follow(self, link: Link, call: Call, process: Process) -> None:
        link.send(pack_json({"event": {"start": {"pid": process.pid}}}))
        process.subscribe(link)
        link.limit(call, alive=pack_json({"event": {"keepalive": {}}}))

    def _connect(self, link: Link, call: Call) -> None:
        selector = call.message.get("process") or {}
        ended = _select(self._ended, selector)
        live = _select(self._live, selector)
        if live is not None:
            self._follow(link, call, live.process)
        elif ended is not None and ended.process.ending is not None:
            link.send(pack_json({"event": {"start": {"pid": ended.process.pid}}}))
            link.send(pack_json({"event": {"end": ended.process.ending.to_json()}}))
            link.end()
        else:
            raise _missing(selector)

    def _list(self, _: Message) -> Message:
        return {
            "processes": [
                {"pid": pid, "config": entry.config} | ({"tag": entry.tag} if entry.tag else {})
                for pid, entry in self._live.items()
            ]
        }

    def _send_input(self, message: Message) -> Message:
        _feed(self._find(message), message.get("input") or {})
        return {}

    def _stream_input(self, link: Link, _: Call) -> None:
        target: list[Process] = []

        def take(payload: bytes) -> None:
            try:
                self._take_input(target, payload)
            except Fault as fault:
                link.end(fault)
                return
            if target and target[0].input_full:
                link.pause_input()
                wait()

        def wait() -> None:
            if target[0].input_full:
                self._loop.after(INPUT_POLL_SECONDS, wait)
            else:
                link.resume_input()

        link.on_input = take
        link.on_input_end = lambda: link.answer({})

    def _take_input(self, target: list[Process], payload: bytes) -> None:
        event = parse(payload)
        if "start" in event:
            target[:] = [self._find(event["start"])]
        elif "data" in event:
            if not target:
                raise Fault("invalid_argument", "The stream names no process before its data.")
            _feed(target[0], event["data"].get("input") or {})

    def _send_signal(self, message: Message) -> Message:
        process = self._find(message)
        name = message.get("signal")
        number = SIGNALS.get(SIGNAL_NUMBERS.get(name, "") if isinstance(name, int) else str(name))
        if number is None:
            raise Fault("unimplemented", f"invalid signal: {name}")
        process.signal(number)
        return {}

    def _close_stdin(self, message: Message) -> Message:
        process = self._find(message)
        if process.has_terminal:
            said = "cannot close stdin for PTY process, send Ctrl+D (0x04) instead"
            raise Fault("unknown", said)
        process.close_input()
        return {}

    def _update(self, message: Message) -> Message:
        process = self._find(message)
        size = (message.get("pty") or {}).get("size")
        if size:
            process.resize((int(size.get("rows", 0)), int(size.get("cols", 0))))
        return {}

    def _find(self, message: Message) -> Process:
        selector = message.get("process") or {}
        entry = _select(self._live, selector)
        if entry is None:
            raise _missing(selector)
        return entry.process


def _select(entries: dict[int, _Entry], selector: Message) -> _Entry | None:
    if "pid" in selector:
        return entries.get(int(selector["pid"]))
    tag = selector.get("tag")
    return next((entry for entry in entries.values() if tag and entry.tag == tag), None)


def _missing(selector: Message) -> Fault:
    if "pid" in selector:
        return Fault("not_found", f"process with pid {selector['pid']} not found")
    return Fault("not_found", f"process with tag {selector.get('tag')} not found")


def _feed(process: Process, given: Message) -> None:
    if "pty" in given:
        if not process.has_terminal:
            raise Fault("internal", "tty not assigned to process")
        process.write(base64.b64decode(given["pty"]))
    elif "stdin" in given:
        if process.has_terminal:
            raise Fault("internal", "tty assigned to process: write to the pty, not the stdin")
        process.write(base64.b64decode(given["stdin"]))
    else:
        raise Fault("unimplemented", "invalid input type")
