"""The ledger's functions and triggers."""

from migrations.sql import run

revision = "20261121_ledger_code"
down_revision = "20261121_house"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them in the transaction that created the tables, so that no raw row slips in."""
    run("20261121_ledger.sql")
    run("20261121_ledger_post.sql")


def downgrade() -> None:
    """There is no way back from the first release."""
    raise NotImplementedError
