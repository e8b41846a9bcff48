"""Settings: what the environment says about how courier runs here.

For: turning environment variables into one frozen value with a rule for every default.
Not for: desired state (that is `.courier/`), nor for secret values, which stay in the environment.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from courier.errors import Misused
from courier.sandboxd.addresses import PROXIES, is_clean
from courier.sandboxd.programs import exposed_by, find_programs

PASSED_ON = (
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_MODEL",
    "OPENAI_BASE_URL",
    "OPENROUTER_BASE_URL",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
)
"""Plain variables that agent processes get when they are set here; proxies without a password."""

CLOUD_RATE = 1.0
"""Sandboxes a second that E2B's smallest plan lets an account create."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How courier runs on this machine.

    Attributes:
        home: Where in-flight state, mirrors, transcripts and caches are; all of it can be rebuilt.
        sandboxes: Which provider: E2B's cloud or the embedded server.
        e2b_api_url: The cloud's address where it is not E2B's own.
        allow_plain: Whether embedded sandboxes may run without isolation.
        expose: What embedded sandboxes may read, and find programs in, besides the system's:
            what COURIER_EXPOSE names, and what the agent programs on PATH need.
        agent_env: Plain variables for agent processes.
        database_url: Where the runs are that several workers share, secrets included; None for the
            journal of this machine.
        sandboxd: The state folder of the embedded server; workers of one machine may share it.
        sandbox_rate: How many sandboxes all workers together may create in a second; None for any.
        github_url: Where GitHub is; None for the host of each repository's remote.
        github_app: The id of the GitHub App courier is; None where it holds a token.
        github_installation: The id of its installation; None to have it looked up.
        has_github: Whether courier can prove itself to GitHub at all.
    """

    home: Path
    sandboxes: Literal["cloud", "embedded"]
    e2b_api_url: str | None = None
    allow_plain: bool = False
    expose: tuple[Path, ...] = ()
    agent_env: Mapping[str, str] | None = None
    database_url: str | None = field(default=None, repr=False)
    sandboxd: Path | None = None
    sandbox_rate: float | None = None
    github_url: str | None = None
    github_app: str | None = None
    github_installation: str | None = None
    has_github: bool = False


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings an environment asks for.

    Raises:
        Misused: If a variable has a value that means nothing.
    """
    exposed = environment.get("COURIER_EXPOSE", "")
    programs = find_programs(environment.get("PATH", ""))
    return Settings(
        home=state_home(environment),
        sandboxes=_sandboxes(environment),
        e2b_api_url=environment.get("E2B_API_URL") or None,
        allow_plain=_flag(environment, "COURIER_ALLOW_PLAIN"),
        expose=(*(Path(part) for part in exposed.split(":") if part), *exposed_by(programs)),
        agent_env=_passed_on(environment),
        database_url=_database_url(environment),
        sandboxd=_folder(environment, "COURIER_SANDBOXD"),
        sandbox_rate=_rate(environment),
        github_url=_github_url(environment),
        github_app=environment.get("GITHUB_APP_ID") or None,
        github_installation=environment.get("GITHUB_APP_INSTALLATION_ID") or None,
        has_github=bool(environment.get("GITHUB_TOKEN") or environment.get("GITHUB_APP_ID")),
    )


def _passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    found = {name: environment[name] for name in PASSED_ON if environment.get(name)}
    # A proxy's password is a secret; whoever needs it in a sandbox says so with `secretRef`.
    return {name: value for name, value in found.items() if name not in PROXIES or is_clean(value)}


def state_home(environment: Mapping[str, str]) -> Path:
    """Return the state folder: COURIER_HOME, else XDG_STATE_HOME/courier, else ~/.local/state."""
    if chosen := environment.get("COURIER_HOME"):
        return Path(chosen).expanduser().absolute()
    if state := environment.get("XDG_STATE_HOME"):
        return Path(state) / "courier"
    return Path(environment.get("HOME", "/tmp")) / ".local" / "state" / "courier"  # noqa: S108


def _sandboxes(environment: Mapping[str, str]) -> Literal["cloud", "embedded"]:
    match environment.get("COURIER_SANDBOXES", ""):
        case "":
            return "cloud" if environment.get("E2B_API_KEY") else "embedded"
        case "cloud":
            return "cloud"
        case "embedded":
            return "embedded"
        case other:
            raise Misused(
                "COURIER_SANDBOXES names no provider.",
                detail=f"It is {other!r}.",
                next_step="Set it to `cloud` or `embedded`, or unset it.",
            )


def _database_url(environment: Mapping[str, str]) -> str | None:
    url = environment.get("COURIER_DATABASE_URL", "").strip()
    if url and not url.startswith(("postgresql://", "postgres://")):
        # The value is not repeated: it may hold a password.
        raise Misused(
            "COURIER_DATABASE_URL is no address of a PostgreSQL database.",
            next_step="It is like postgresql://user:password@host:5432/courier; or unset it.",
        )
    return url or None


def _github_url(environment: Mapping[str, str]) -> str | None:
    url = environment.get("COURIER_GITHUB_URL", "").strip().rstrip("/")
    if url and not (url.startswith(("https://", "http://")) and url.count("/") == 2):
        raise Misused(
            "COURIER_GITHUB_URL is not where a GitHub is.",
            detail=f"It is {url!r}.",
            next_step="Set it to what its pages begin with, e.g. https://github.example.com.",
        )
    return url or None


def _folder(environment: Mapping[str, str], name: str) -> Path | None:
    chosen = environment.get(name)
    return Path(chosen).expanduser().absolute() if chosen else None


def _rate(environment: Mapping[str, str]) -> float | None:
    told = environment.get("COURIER_SANDBOX_RATE", "")
    if not told:
        return CLOUD_RATE if _sandboxes(environment) == "cloud" else None
    try:
        rate = float(told)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise Misused(
            "COURIER_SANDBOX_RATE is no number of sandboxes a second.",
            detail=f"It is {told!r}.",
            next_step="Set it to what your plan allows, e.g. 5, or unset it.",
        )
    return rate


def _flag(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(name, "").lower()
    if value not in {"", "0", "1", "true", "false"}:
        raise Misused(f"{name} is neither on nor off.", next_step="Set it to 1, or unset it.")
    return value in {"1", "true"}


@dataclass(frozen=True, slots=True)
class Home:
    """The state folder of one repository.

    Attributes:
        remote: Where the repository is, for git.
        folder: Where its mirror, journal and live transcripts are.
    """

    remote: str
    folder: Path

    @property
    def id(self) -> str:
        """Return a short id that is the same for the same remote and state folder."""
        return self.folder.name

    @property
    def notices_file(self) -> Path:
        """Return where is written up to where people were told what happened."""
        return self.folder / "notices.json"

    @property
    def status_file(self) -> Path:
        """Return where its daemon tells about itself."""
        return self.folder / "daemon.json"


def home_of(settings: Settings, remote: str) -> Home:
    """Return where the state of a repository is kept on this machine."""
    name = "".join(c if c.isalnum() else "-" for c in remote.rstrip("/").split("/")[-1])[:40]
    # Workers on many machines have to find each other's sandboxes.
    place = settings.home if settings.database_url is None else "database"
    digest = hashlib.sha256(f"{place}\0{remote}".encode()).hexdigest()[:12]
    return Home(remote, settings.home / "repositories" / f"{name or 'repository'}-{digest}")
