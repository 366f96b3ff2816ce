"""SQL that a revision runs as it stands in a file beside this one."""

from pathlib import Path
from typing import Any, cast

from alembic import op


def run(name: str) -> None:
    """Run the statements of file ``name``, in the revision's transaction."""
    script = (Path(__file__).parent / name).read_text()
    raw = op.get_bind().connection.dbapi_connection
    cast("Any", raw).run_async(lambda driver: driver.execute(script))
