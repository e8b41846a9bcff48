"""What goes wrong on demand: before a request is carried out, or after."""

import time
from dataclasses import dataclass, field
from typing import Literal

from tests.fakes.github.message import Reply, Request, reply

DROP = -1
"""A status that means that the connection is cut."""

How = Literal["502", "500", "422", "secondary", "primary", "429", "drop", "stall"]


@dataclass
class Fault:
    """One thing that goes wrong.

    Attributes:
        how: A passing fault, a limit, or a cut connection.
        at: Which of the requests from now on, from 1; 0 for any that fits.
        when: Whether what was asked for happens all the same.
        match: What the method and path have in them.
        times: How often.
        message: What a 422 says.
    """

    how: How
    at: int = 0
    when: Literal["before", "after"] = "before"
    match: str = ""
    times: int = 1
    message: str = ""
    seen: int = field(default=0, init=False)

    def strikes(self, request: Request) -> bool:
        if self.match not in f"{request.method} {request.path}" or not self.times:
            return False
        self.seen += 1
        if self.at not in (0, self.seen):
            return False
        self.times -= 1
        return True


def struck(fault: Fault, now: float) -> Reply:
    """Return what is answered instead."""
    match fault.how:
        case "502" | "500":
            return Reply(int(fault.how), b"<html>Unicorn!</html>", {"content-type": "text/html"})
        case "422":
            return reply({"message": fault.message}, status=422)
        case "drop":
            return Reply(DROP)
        case "stall":
            time.sleep(1)
            return Reply(DROP)
        case "429":
            return reply({"message": "Too many."}, status=429, headers={"retry-after": "1"})
        case "secondary":
            told = {"message": "You have exceeded a secondary rate limit."}
            return reply(told, status=403, headers={"retry-after": "1"})
        case "primary":
            reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(now) + 2)}
            return reply({"message": "API rate limit exceeded."}, status=403, headers=reset)
