"""Files become documents; whatever they hold, nothing but diagnostics comes of it."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from courier.diagnostics import has_errors
from courier.planning.documents.manifest import read_manifest
from courier.planning.documents.references import Ref
from courier.planning.documents.sources import is_document, markdown_kind
from tests.unit.planning.catalogs import BROKEN, codes, document, reading, schemas

EVERYDAY = (BROKEN.parent / "everyday.yaml").read_bytes()
PATHS = st.sampled_from(["a.yaml", "contexts/a.md", "skills/s/SKILL.md", "commands/c.md"])
WORDS = rb"- & * ! ' { ] | \n \x00 \xff \xef\xbb\xbf null yes 1_0 <<: spec \t --- \r".split()
SNIPPETS = st.sampled_from(
    [word.decode("unicode_escape").encode("latin-1") for word in WORDS] + [b"  ", b": ", b"&a "]
)


@settings(max_examples=300, deadline=None)
@given(PATHS, st.binary(max_size=200))
def test_no_bytes_crash_it(path: str, data: bytes) -> None:
    judged(path, data)


@settings(max_examples=400, deadline=None)
@given(
    PATHS,
    st.lists(
        st.tuples(st.integers(0, len(EVERYDAY)), st.integers(0, 30), SNIPPETS),
        min_size=1,
        max_size=4,
    ),
)
def test_no_edit_crashes_it(path: str, edits: list[tuple[int, int, bytes]]) -> None:
    data = EVERYDAY
    for start, length, put in edits:
        data = data[:start] + put + data[start + length :]
    judged(path, data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_value_in_a_field_crashes_it(data: st.DataObject) -> None:
    parts = EVERYDAY.decode().split("---\n")
    manifest = read_manifest(
        "a.yaml", data.draw(st.sampled_from(parts)).encode(), schemas=schemas()
    )
    value = json.loads(json.dumps(manifest.documents[0].value))
    node = value
    while isinstance(node, dict | list) and node:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        if data.draw(st.booleans()) or not isinstance(node[key], dict | list) or not node[key]:
            node[key] = data.draw(JSON)
            break
        node = node[key]
    judged(
        "a.yaml",
        json.dumps(value, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "replace"),
    )


def judged(path: str, data: bytes) -> None:
    read = reading({path: data})
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
    for found in read.diagnostics:
        assert found.position is not None
        assert 1 <= found.position.line <= lines + 1
        assert found.position.column >= 1
    assert read.catalog.documents or has_errors(read.diagnostics) or not meaning(data)


def meaning(data: bytes) -> bytes:
    lines = (line.strip(b" \t\r\n.-~") for line in data.removeprefix(b"\xef\xbb\xbf").splitlines())
    return b"".join(line for line in lines if not line.startswith(b"#"))


def test_markdown_becomes_a_document() -> None:
    manifest = read_manifest(
        ".courier/contexts/style.md",
        b"---\ndescription: How we write.\n---\n# Style\n\nShort.\n",
        schemas=schemas(),
    )
    (found,) = manifest.documents
    assert found.ref == Ref("Context", "style")
    assert found.value["spec"] == {"description": "How we write.", "content": "# Style\n\nShort."}
    assert str(found.position(("spec", "description"))) == ".courier/contexts/style.md:2:14"
    assert str(found.position(("spec", "content"))) == ".courier/contexts/style.md:4:1"


def test_a_skill_is_named_by_its_folder() -> None:
    text = b"---\nname: tests\ndescription: How to test.\nmetadata: {by: us}\n---\nDo it.\n"
    manifest = read_manifest(".courier/skills/tests/SKILL.md", text, schemas=schemas())
    (found,) = manifest.documents
    assert found.ref == Ref("Skill", "tests")
    assert found.value["metadata"]["annotations"] == {"by": "us"}


def test_which_files_are_documents() -> None:
    yes = ["project.yaml", "a/b/c.yml", "contexts/x.md", "skills/s/SKILL.md", "personas/p.md"]
    no = ["README.md", "contexts/README.md", "scripts/x.sh", "skills/s/data.yaml", ".x.yaml"]
    no += ["skills/s/t/SKILL.md", "a/.git/b.yaml", "courier.lock", "contexts/.x.md"]
    assert [path for path in yes if not is_document(path)] == []
    assert [path for path in no if is_document(path)] == []
    assert markdown_kind("contexts/x.md") == "Context"
    assert markdown_kind("project.yaml") is None


def test_digest_depends_on_what_is_said_only() -> None:
    plain = read_manifest(
        "a.yaml", document("Context", "a", "content: x").encode(), schemas=schemas()
    )
    other = read_manifest(
        "b.yaml",
        b'{"kind": Context, apiVersion: courier/v1, "spec": {content: x}, metadata: {name: a}}',
        schemas=schemas(),
    )
    assert plain.documents[0].digest == other.documents[0].digest


def test_names_in_unreadable_files_are_not_called_unknown() -> None:
    run = document("Run", "r", "workflow: w\nprompt: x")
    read = reading(
        {
            "p.yaml": document("Project", "p"),
            "r.yaml": run,
            "w.yaml": document("Workflow", "w", "type: ["),
        }
    )
    assert codes(read) == ["NotYaml:6:9"]
