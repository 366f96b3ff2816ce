"""Badges and the credentials that say who was awarded one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_games_badges"
down_revision = "20261122_members"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True)
HELD = sa.text("revoked_at IS NULL")


def upgrade() -> None:
    """Add tables; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")
    _awards()
    _keys()


def _awards() -> None:
    op.create_table(
        "badge_award",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("badge", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("period", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("awarded_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("status_index", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("shared_at", INSTANT, nullable=True),
        sa.Column("shown_name", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)"
            " AND (revoked_at IS NULL) = (reason IS NULL)",
            name=op.f("badge_award_revoked_check"),
        ),
        sa.CheckConstraint("level > 0", name=op.f("badge_award_level_check")),
        sa.CheckConstraint(
            "shown_name IS NULL OR shared_at IS NOT NULL", name=op.f("badge_award_shared_check")
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("badge_award_brand_id_fkey")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("badge_award_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("badge_award_pkey")),
    )
    op.create_index(
        "badge_award_held_idx",
        "badge_award",
        ["member_id", "badge", "level", "period"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=HELD,
    )
    op.create_index("badge_award_member_idx", "badge_award", ["member_id", "awarded_at", "id"])
    op.create_index(
        "badge_award_status_idx", "badge_award", ["brand_id", "status_index"], unique=True
    )
    op.create_index(
        "badge_award_revoked_idx",
        "badge_award",
        ["brand_id", "status_index"],
        postgresql_where=sa.text("revoked_at IS NOT NULL"),
    )
    op.create_index(
        "badge_award_badge_idx",
        "badge_award",
        ["brand_id", "badge", "level", "member_id"],
        postgresql_where=HELD,
    )


def _keys() -> None:
    op.create_table(
        "badge_key",
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("public", postgresql.JSONB(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("retired_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("badge_key_brand_id_fkey")),
        sa.PrimaryKeyConstraint("brand_id", "kid", name=op.f("badge_key_pkey")),
    )
    op.create_index(
        "badge_key_current_idx",
        "badge_key",
        ["brand_id"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )


def downgrade() -> None:
    """There is no way back: awards would be lost."""
    raise NotImplementedError
