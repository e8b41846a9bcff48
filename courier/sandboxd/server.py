"""The server's process: one per state directory, on the loopback interface, until told to stop."""

import asyncio
import fcntl
import json
import logging
import os
import resource
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from courier.sandboxd.app import App
from courier.sandboxd.builds import Builds
from courier.sandboxd.catalogue import Catalogue
from courier.sandboxd.cells import gather_tools, install_agent, install_links
from courier.sandboxd.control import Control
from courier.sandboxd.cradle import Cradle, Means
from courier.sandboxd.detach import Ready
from courier.sandboxd.holders import mark_of
from courier.sandboxd.ladder import Isolation, choose_rung
from courier.sandboxd.landlock import needs_passage
from courier.sandboxd.layout import Layout, write_atomically
from courier.sandboxd.limits import Bound, find_groups
from courier.sandboxd.registries import with_files
from courier.sandboxd.sandboxes import MACHINE_MB, Sandboxes
from courier.sandboxd.surroundings import readable_in, survey
from courier.sandboxd.sweep import sweep
from courier.sandboxd.templates import Templates

HOST = "127.0.0.1"
KEEP_ALIVE_SECONDS = 600
STOP_SECONDS = 1
SPARES = 2
DEFAULT_BOUND = Bound(memory_mb=MACHINE_MB * 3 // 4, processes=2048)
VERSION = 1
log = logging.getLogger(__name__)


class AlreadyRunning(Exception):
    """Another server holds the state directory."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run the server; port zero means the last one used, or any that is free.

    Attributes:
        idle_seconds: How long without a sandbox until it stops by itself; zero for never.
    """

    state_dir: Path
    port: int = 0
    isolation: Isolation = "auto"
    allow_plain: bool = False
    expose: tuple[Path, ...] = ()
    bound: Bound = DEFAULT_BOUND
    spares: int = SPARES
    idle_seconds: float = 0


def serve(options: Options, *, ready: Ready | None = None) -> None:
    """Serve until SIGTERM or SIGINT; sandboxes live on and are taken over by the next server.

    ``ready`` is called with an empty text once requests are answered.

    Raises:
        AlreadyRunning: If another server holds the state directory.
        NoIsolation: If no allowed isolation works here.
    """
    layout = Layout(options.state_dir.resolve())
    layout.prepare()
    held = _lock(layout)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again once it has stopped, which must not end us too early.
        signal.signal(number, lambda *_: None)
    try:
        _raise_descriptor_limit()
        install_agent(layout.library)
        rung = choose_rung(layout.root, options.isolation, allow_plain=options.allow_plain)
        if rung.name == "landlock" and needs_passage():
            layout.let_users_pass()
        around = survey(with_files(os.environ), readable_in(rung))
        tools = gather_tools(layout.library, options.expose, around.shown)
        install_links(tools)
        for name, reason in around.kept_back.items():
            log.warning("sandboxes do not get %s: %s", name, reason)
        means = Means(
            rung=rung,
            tools=tools,
            surroundings=around,
            groups=find_groups(mark_of(layout.root)),
            bound=options.bound,
            spares=options.spares,
        )
        with (
            _bind(layout, options.port) as listener,
            asyncio.Runner(loop_factory=_loop_factory()) as runner,
        ):
            runner.run(_serve(layout, means, listener, ready, options.idle_seconds))
    finally:
        os.close(held)


async def _serve(
    layout: Layout, means: Means, listener: socket.socket, ready: Ready | None, idle: float
) -> None:
    key = layout.read_or_make_key()
    port = listener.getsockname()[1]
    cradle = Cradle(layout, means)
    sandboxes = Sandboxes(layout, cradle)
    templates = Templates(layout)
    builds = Builds(layout, cradle, templates)
    await sweep(layout, cradle, sandboxes)
    await asyncio.to_thread(templates.tidy)
    cradle.refill()
    control = Control(sandboxes, templates, key=key, domain=f"localhost:{port}")
    config = uvicorn.Config(
        App(sandboxes, control, Catalogue(templates, builds, key=key), key=key),
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        backlog=2048,
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    leaving = asyncio.ensure_future(_leave_when_idle(server, sandboxes, builds, idle))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.002)
        _announce(layout, port, means)
        if ready is not None:
            ready("")
        await serving
    finally:
        leaving.cancel()
        layout.discovery.unlink(missing_ok=True)
        await builds.close()
        await sandboxes.close()
        await cradle.close()


async def _leave_when_idle(
    server: uvicorn.Server, sandboxes: Sandboxes, builds: Builds, idle: float
) -> None:
    """Stop the server once it had no sandbox, paused ones included, for so many seconds."""
    if idle <= 0:
        return
    alone = 0.0
    pause = min(idle / 4, 15.0)
    while alone < idle:
        await asyncio.sleep(pause)
        alone = 0.0 if sandboxes.all() or builds.busy else alone + pause
    log.info("no sandbox for %.0f seconds: leaving", idle)
    server.should_exit = True


def _announce(layout: Layout, port: int, means: Means) -> None:
    found = {
        "version": VERSION,
        "pid": os.getpid(),
        "port": port,
        "url": f"http://{HOST}:{port}",
        "apiKeyFile": str(layout.api_key),
        "isolation": means.rung.name,
        "exposed": [str(path) for path in means.tools.asked],
    }
    write_atomically(layout.discovery, json.dumps(found, indent=1) + "\n")
    write_atomically(layout.root / "port", f"{port}\n")
    log.info("serving on %s with isolation %s", found["url"], means.rung.name)


def _lock(layout: Layout) -> int:
    fd = os.open(layout.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as held:
        os.close(fd)
        raise AlreadyRunning(f"Another server already serves {layout.root}.") from held
    os.ftruncate(fd, 0)
    os.write(fd, f"{os.getpid()}\n".encode())
    return fd


def _bind(layout: Layout, port: int) -> socket.socket:
    """Bind the wanted port, else the last one, so that clients survive a restart."""
    wanted = [port] if port else [_last_port(layout), 0]
    for number in wanted:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, number))
        except OSError:
            listener.close()
            if number == wanted[-1]:
                raise
            continue
        return listener
    raise AssertionError("unreachable: the last port either binds or raises")


def _last_port(layout: Layout) -> int:
    try:
        return int((layout.root / "port").read_text())
    except (OSError, ValueError):
        return 0


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop
