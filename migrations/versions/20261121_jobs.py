"""The tables of the job queue, in a schema of their own."""

from alembic import op
from sqlalchemy import text

from kit.jobs import install_statements

revision = "20261121_jobs"
down_revision = "20261121_ledger_code"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what the queue's library declares."""
    for statement in install_statements():
        op.execute(text(statement.replace(":", r"\:")))


def downgrade() -> None:
    """There is no way back from the first release."""
    raise NotImplementedError
