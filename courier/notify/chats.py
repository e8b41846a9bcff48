"""Letters to chats: what Slack's and Discord's incoming webhooks take."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from courier.notify.wording import facts, footer
from courier.runs.notices.notice import Letter, Notice

_GREEN: Final = 0x2DA44E
_RED: Final = 0xCF222E
_AMBER: Final = 0xBF8700
_MARKS: Final = re.compile(r"([\\`*_~|\[\]()<>#@:-])")
_TORN: Final = re.compile(r"&[a-z]*$")
_SECTION: Final = 2_900
_MESSAGE: Final = 1_500
_FACT: Final = 300


def slack(letter: Letter) -> bytes:
    """Return a message for Slack: blocks, and a text for where blocks are not shown.

    Everything is escaped: no words of an agent or author can mention anybody or make a link.
    """
    notice = letter.notice
    pull = notice.pull_request
    blocks: list[Mapping[str, Any]] = [_section(f"*{_slack(notice.headline)}*")]
    if notice.message:
        blocks.append(_section(_slack(notice.message[:_MESSAGE])))
    told = [(name, value) for name, value in facts(notice) if value]
    fields = [_mrkdwn(f"*{name}*\n{_slack(value[:_FACT])}") for name, value in told]
    if fields:
        blocks.append({"type": "section", "fields": fields[:10]})
    if pull is not None and pull.url:
        blocks.append(_section(f"<{_slack(pull.url)}|Pull request #{pull.number}>"))
    blocks.append({"type": "context", "elements": [_mrkdwn(_slack(footer(letter)))]})
    return _json({"text": _slack(notice.headline), "blocks": blocks, "unfurl_links": False})


def discord(letter: Letter) -> bytes:
    """Return a message for Discord: one embed, nobody mentioned whatever it says."""
    notice = letter.notice
    fields = [
        {"name": name, "value": _discord(value[:_FACT]), "inline": len(value) < 40}
        for name, value in facts(notice)
        if value
    ]
    embed: dict[str, Any] = {
        "title": _discord(notice.headline)[:256],
        "description": _discord(notice.message[:_MESSAGE]),
        "color": colour(notice),
        "timestamp": notice.at.isoformat(),
        "fields": fields[:25],
        "footer": {"text": footer(letter)[:2048]},
    }
    if notice.pull_request is not None and notice.pull_request.url:
        embed["url"] = notice.pull_request.url
    return _json({"content": "", "embeds": [embed], "allowed_mentions": {"parse": []}})


def colour(notice: Notice) -> int:
    """Return the colour a notice has in chats: green, amber for what waits, red."""
    if notice.is_good:
        return _GREEN
    return _AMBER if notice.event in ("runParked", "budgetReached") else _RED


def _section(text: str) -> Mapping[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Mapping[str, Any]:
    whole = text if len(text) <= _SECTION else _TORN.sub("", text[:_SECTION]) + "…"
    return {"type": "mrkdwn", "text": whole, "verbatim": True}


def _slack(text: str) -> str:
    """Return text that Slack shows as it is: links and mentions need these three signs."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _discord(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
