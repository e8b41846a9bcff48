"""Sandboxes: live isolated machines, and the processes and files inside them."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a template is prepared, once, from another one.

    Attributes:
        commands: Shell commands, run in this order as the sandbox's user, in the home directory.
        dockerfile: The text of a Dockerfile to start from, in place of the template.
        name: What people call it.
        place: Where it is written, ``file:line:column``; empty where that is not known.
    """

    commands: tuple[str, ...] = ()
    dockerfile: str = ""
    name: str = "template"
    place: str = ""


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """What machine is wanted.

    Attributes:
        template: The template's name or E2B id; ``base`` exists everywhere.
        recipe: What is prepared from that template first, once for all equal recipes.
        cpu: Virtual processors; None for the template's.
        memory_mb: Memory; None for the template's.
        timeout_seconds: The sandbox dies this long after its creation or last `extend`.
        labels: Metadata to find it by later; keys and values are short printable text.
        env: Plain variables every process in it gets; never secrets.
        network: Whether processes may reach the network.
        on_timeout: What happens when it is not extended in time: kill, or pause with its memory
            kept until somebody connects or kills it.
    """

    template: str = "base"
    recipe: Recipe | None = None
    cpu: int | None = None
    memory_mb: int | None = None
    timeout_seconds: int = 900
    labels: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    network: bool = True
    on_timeout: Literal["kill", "pause"] = "kill"


@dataclass(frozen=True, slots=True)
class TerminalSize:
    """How large a terminal is, in character cells."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """One existing sandbox as its provider lists it; ``state`` is running or paused."""

    id: str
    state: str
    started_at: datetime
    ends_at: datetime
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ended; a signal's death has a negative or 128+n exit code."""

    exit_code: int
    stdout: str
    stderr: str


class Terminal(Protocol):
    """A login shell on a terminal of its own, for a person; it ends with the link to it."""

    def output(self) -> AsyncGenerator[bytes, None]:
        """Yield what the terminal shows, as it comes, until the shell has ended; ask once.

        Raises:
            Unavailable: If the link was cut; the sandbox may have been paused.
        """
        ...

    async def send(self, data: bytes) -> None:
        """Type; sent in the order of the calls. A shell that has ended takes nothing in."""
        ...

    async def resize(self, size: TerminalSize) -> None:
        """Tell the programs in it that it is another size now."""
        ...

    async def ended(self) -> int | None:
        """Return the shell's exit code once it has ended; None if the link was cut before."""
        ...

    async def close(self) -> None:
        """End the shell if it still runs, and release the link."""
        ...


class Sandbox(Protocol):
    """One live sandbox. Every method may raise `SandboxGone` or `Unavailable`."""

    @property
    def id(self) -> str:
        """The provider's id, enough for `Sandboxes.connect` from another process."""
        ...

    @property
    def home(self) -> str:
        """The absolute path of the user's home directory inside; the same for every `connect`."""
        ...

    async def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout_seconds: float = 60,
    ) -> Completed:
        """Run a command to its end and return what it printed.

        ``env`` may carry secret values: they reach that process and are written nowhere.

        Raises:
            Unavailable: If it did not end in time (it was killed) or the link was cut.
        """
        ...

    async def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            NotFound: If there is no such file.
        """
        ...

    async def write(self, files: Mapping[str, bytes]) -> None:
        """Write files by absolute path, making their directories; replaces what is there."""
        ...

    def follow(self, path: str, *, skip_lines: int, pid: int | None) -> AsyncGenerator[str, None]:
        """Yield the lines of a growing file, after the first ``skip_lines``, without newlines.

        Exact and in order, however often it is called again with a new ``skip_lines``: it reads
        the file, not a process's stream. Ends when process ``pid`` is gone and the file is read
        to its end; a last line without newline is yielded then. With ``pid`` None nobody writes
        any more, and it ends at the file's end. Only a newline ends a line; bytes that are not
        UTF-8 become U+FFFD; of a line over 16 MiB the first 16 MiB arrive.

        Raises:
            NotFound: If there is no such file.
        """
        ...

    async def extend(self, timeout_seconds: int) -> None:
        """Let the sandbox live that long from now."""
        ...

    async def terminal(
        self, size: TerminalSize, *, cwd: str, env: Mapping[str, str] | None = None
    ) -> Terminal:
        """Start a login shell on a terminal.

        Raises:
            Misconfigured: If the working directory does not exist.
        """
        ...

    def address(self, port: int) -> str:
        """Return the URL where HTTP requests to a port inside arrive; it needs nobody to listen."""
        ...


class Sandboxes(Protocol):
    """The provider. Every method may raise `Unavailable`, `RateLimited` or `Misconfigured`."""

    async def prepare(self, spec: SandboxSpec) -> str:
        """Return the template that sandboxes like that are made from, built if it is not there.

        Equal wishes share one build, also at the same moment and across restarts.

        Raises:
            NotFound: If the template to start from does not exist.
            Misconfigured: If a command of the recipe fails; says where it is written and how the
                command's output ended.
        """
        ...

    async def create(self, spec: SandboxSpec) -> Sandbox:
        """Make a sandbox, `prepare` first; its labels are findable before this returns.

        Raises:
            NotFound: If the template does not exist.
            Misconfigured: If it cannot be prepared.
        """
        ...

    async def connect(self, sandbox_id: str, *, timeout_seconds: int) -> Sandbox:
        """Attach to a sandbox, waking it if paused, and let it live at least that long.

        Raises:
            SandboxGone: If it no longer exists.
        """
        ...

    async def find(self, labels: Mapping[str, str]) -> Sequence[SandboxInfo]:
        """Return every sandbox, running or paused, that carries all the labels, oldest first."""
        ...

    async def pause(self, sandbox_id: str) -> None:
        """Freeze it, memory included; does nothing if it is paused.

        Raises:
            SandboxGone: If it no longer exists.
        """
        ...

    async def kill(self, sandbox_id: str) -> bool:
        """Destroy it with everything in it; return whether it existed."""
        ...

    async def close(self) -> None:
        """Release this process's connections; sandboxes live on."""
        ...
