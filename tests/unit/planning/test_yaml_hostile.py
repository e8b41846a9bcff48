"""Hostile files: refused in a process of their own, which must neither crash nor swell."""

import json
import subprocess
import sys

import pytest

MIB = 1 << 20
HOSTILE = {
    "brackets": "'[' * 100_000",
    "braces": "'{a: ' * 100_000",
    "dashes": "'- ' * 100_000",
    "question marks": "'? ' * 100_000",
    "quoted closers": "'[\"]\",' * 100_000",
    "indentation": "''.join(' ' * i + 'a:\\n' for i in range(1_400))",
    "laughs": "'a: &a [x]\\n' + ''.join(f'b{i}: &b{i} [' + '*a, ' * 9 + ']\\n' for i in range(9))",
    "recursive": "'a: &a [*a]\\n'",
    "anchors": "'- &a b\\n' * 100_000",
    "digits": "'a: ' + '9' * 1_000_000",
    "hexadecimal": "'a: 0x' + 'f' * 1_000_000",
    "escapes": "'a: \"' + '\\\\x41' * 200_000 + '\"'",
    "open quote": "'a: \"' + 'x\\n' * 400_000",
    "commas": "'a: [' + 'a,' * 500_000 + ']'",
    "lines": "'- a\\n' * 250_000",
    "keys": "''.join(f'k{i}: v\\n' for i in range(80_000))",
    "same keys": "'a: 1\\n' * 150_000",
    "markers": "'---\\n' * 250_000",
    "block": "'a: |\\n' + ' x\\n' * 300_000",
    "long plain": "'a: x' + '\\n  x' * 250_000",
    "spaces": "'a:' + ' ' * 1_000_000",
    "hashes": "'a: b' + ' #' * 500_000",
    "colons": "'a: b' + ':' * 1_000_000",
    "tabs": "'\\t' * 1_000_000",
    "byte order marks": "'\\ufeff' * 300_000",
    "nul": "'\\0' * 1_000_000",
    "many big documents": "('---\\n- *x\\n- [' + 'a,' * 20_000 + ']\\n') * 26",
    "many dashes": "('- ' * 60 + 'a\\n') * 8_000",
    "flow words": "'a: [' + 'a ' * 500_000",
}
SCRIPT = """
import json, sys, time
from courier.planning.yaml.text import Engine, read_yaml
text = eval(sys.stdin.read())
found = []
for engine in Engine:
    before = time.process_time()
    read = read_yaml("f", text.encode()[:1 << 20], engine=engine)
    codes = sorted({each.code for each in read.diagnostics})
    found.append([codes, len(read.documents), time.process_time() - before])
# Not `getrusage`: its peak is that of the program which started this one, if that was larger.
status = open("/proc/self/status").read()
print(json.dumps([found, int(status.split("VmHWM:")[1].split()[0])]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_or_refused(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=HOSTILE[name], text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr[-400:]
    (fast, exact), kilobytes = json.loads(done.stdout)
    assert fast[:2] == exact[:2]
    assert kilobytes < 256 * 1024
