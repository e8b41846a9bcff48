"""What one would write first: click, PyYAML's safe_load and the pydantic models."""

from pathlib import Path

import click
import yaml
from pydantic import ValidationError

from courier.resources.kinds import read_resource


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    count = 0
    for path in sorted(folder.rglob("*.yaml")):
        try:
            read_resource(yaml.safe_load(path.read_text()))
        except (ValidationError, yaml.YAMLError) as wrong:
            click.echo(f"{path}: {wrong}")
        count += 1
    click.echo(f"{count} documents")


if __name__ == "__main__":
    main()
