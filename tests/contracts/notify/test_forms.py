"""What each receiver is sent: its form, and that nobody's words mention or mislead."""

import hmac
import json
from hashlib import sha256

from courier.notify import webhook
from courier.notify.chats import discord, slack
from courier.notify.http import Route
from courier.notify.notifiers import Notifiers
from courier.system import EnvironmentSecrets
from tests.fakes.clock import FakeClock
from tests.fakes.letters import letter, notice, sink
from tests.fakes.receiver import receiving


def test_slack_shows_words_as_they_are() -> None:
    told = json.loads(slack(letter()))
    text = json.dumps(told)
    assert told["text"] == "Run fix-auth failed"
    assert "<!channel>" not in text
    assert "&lt;!channel&gt;" in text
    assert "<https://forge.example/7|Pull request #7>" in text
    assert {block["type"] for block in told["blocks"]} == {"section", "context"}
    assert all(block["text"]["verbatim"] for block in told["blocks"] if "text" in block)


def test_slack_keeps_to_its_limits() -> None:
    told = json.loads(slack(letter(about=notice(message="&" * 50_000))))
    assert len(told["blocks"]) <= 50
    assert all(len(one["text"]["text"]) <= 3000 for one in told["blocks"] if "text" in one)


def test_discord_mentions_nobody() -> None:
    told = json.loads(discord(letter()))
    (embed,) = told["embeds"]
    assert told["allowed_mentions"] == {"parse": []}
    assert told["content"] == ""
    assert "[click](https" not in embed["description"]
    assert embed["url"] == "https://forge.example/7"
    assert len(json.dumps(embed)) < 6000


async def test_a_webhook_is_signed_and_the_same_at_every_try() -> None:
    secrets = EnvironmentSecrets({"HOOK": "", "KEY": "signing-key"})
    clock = FakeClock()
    with receiving() as receiver:
        secrets = EnvironmentSecrets({"HOOK": receiver.address, "KEY": "signing-key"})
        notifiers = Notifiers(secrets, clock, Route())
        to = sink("webhook", secretRef="HOOK", signingSecretRef="KEY")
        await notifiers.send(letter(to))
        await clock.advance(60)
        await notifiers.send(letter(to))
    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers[webhook.ID] == second.headers[webhook.ID] == letter(to).id
    assert first.headers[webhook.TIMESTAMP] != second.headers[webhook.TIMESTAMP]
    for got in (first, second):
        signed = got.headers[webhook.TIMESTAMP].encode() + b"." + got.body
        expected = hmac.new(b"signing-key", signed, sha256).hexdigest()
        assert got.headers[webhook.SIGNATURE] == f"v1={expected}"
    told = json.loads(first.body)
    assert (told["version"], told["event"], told["id"]) == (1, "runFailed", letter(to).id)
    assert told["run"]["costUsd"] == "1.25"
    assert told["pullRequest"]["number"] == 7
    assert "signing-key" not in first.body.decode()


async def test_a_webhook_without_a_key_is_not_signed() -> None:
    with receiving() as receiver:
        secrets = EnvironmentSecrets({"HOOK": receiver.address})
        to = sink("webhook", secretRef="HOOK")
        await Notifiers(secrets, FakeClock(), Route()).send(letter(to))
    assert webhook.SIGNATURE not in receiver.requests[0].headers
