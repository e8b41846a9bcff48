import pytest
from hypothesis import given
from hypothesis import strategies as st

from courier.storage.gate.leaks import holds_secret, key_shapes, secret_values

KEYS = {
    "an Anthropic key": "sk-ant-api03-" + "aB3-" * 12,
    "an OpenAI key": "sk-proj-" + "aB3_" * 12,
    "an OpenRouter key": "sk-or-v1-" + "0a" * 32,
    "a GitHub token": "ghp_" + "aB3" * 12,
    "a GitLab token": "glpat-" + "aB3-" * 5,
    "an AWS access key": "AKIA" + "ABCD2345" * 2,
    "a Google API key": "AIza" + "a" * 35,
    "a Slack token": "xoxb-123456789012-abcdefghijklmnop1234",
    "a Stripe live key": "sk_live_" + "a1" * 12,
    "an npm token": "npm_" + "a" * 36,
    "a PyPI token": "pypi-AgEIcHlwaS5vcmc" + "a" * 60,
    "an E2B key": "e2b_" + "0" * 40,
}
HARMLESS = (
    "sk-ant-",
    "ghp_short",
    "AKIA is a prefix",
    "use e2b_ keys",
    "-----BEGIN PRIVATE KEY-----\n...",
    "task-and-risk-analysis",
    "sk-learn-is-a-package",
    "AKIAIOSFODNN7EXAMPLEX",
    "npm_config_registry",
)


@pytest.mark.parametrize("kind", KEYS)
def test_well_known_keys(kind: str) -> None:
    text = f'KEY="{KEYS[kind]}"\n'.encode()
    assert kind in key_shapes(text).values()


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_resembles_a_key(text: str) -> None:
    assert key_shapes(text.encode()) == {}


def test_private_keys_with_a_body() -> None:
    body = "\n".join(["MIIEpAIBAAKCAQEA" * 4] * 3)
    assert key_shapes(f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n".encode())
    header = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"
    assert key_shapes(f"-----BEGIN EC PRIVATE KEY-----\n{header}{body}\n".encode())


@given(
    st.binary(max_size=50),
    st.text(min_size=4, max_size=20).filter(str.strip),
    st.binary(max_size=50),
)
def test_a_value_is_found_wherever_it_is(before: bytes, secret: str, after: bytes) -> None:
    values = secret_values((secret,))
    if values:
        assert holds_secret(before + secret.encode() + after, values)


def test_values_that_are_everywhere_are_not_looked_for() -> None:
    assert secret_values(("", "x", "  a  ", "abcd")) == (b"abcd",)
