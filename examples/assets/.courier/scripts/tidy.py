"""Takes spaces away from the ends of lines in Markdown files."""

import pathlib

for path in pathlib.Path().glob("*.md"):
    text = path.read_text()
    tidy = "".join(line.rstrip() + "\n" for line in text.splitlines())
    if tidy != text:
        path.write_text(tidy)
        print(f"tidied {path}")
