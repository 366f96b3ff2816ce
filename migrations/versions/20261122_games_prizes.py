"""Prizes: what games owe members and what was paid."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_games_prizes"
down_revision = "20261122_games_badges"
branch_labels = None
depends_on = None

INSTANT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Add tables; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")
    _dues()
    _budgets()
    _looks()


def _dues() -> None:
    op.create_table(
        "prize_due",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mystery", sa.Boolean(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("qualifying", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("count", sa.SmallInteger(), nullable=True),
        sa.Column("deserved_at", INSTANT, nullable=False),
        sa.Column("pay_from", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("budget", sa.Text(), nullable=True),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("journal_id", sa.BigInteger(), nullable=True),
        sa.Column("redemption_id", sa.UUID(), nullable=True),
        sa.Column("award_id", sa.UUID(), nullable=True),
        sa.Column("freeze_key", sa.UUID(), nullable=True),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("kept_points", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", INSTANT, nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "(state = 'refused') = (refusal IS NOT NULL)", name=op.f("prize_due_refusal_check")
        ),
        sa.CheckConstraint(
            "kind IN ('points', 'qualifying', 'reward', 'badge', 'freeze')",
            name=op.f("prize_due_kind_check"),
        ),
        sa.CheckConstraint(
            "state IN ('owed', 'held', 'paid', 'undone', 'refused')",
            name=op.f("prize_due_state_check"),
        ),
        sa.CheckConstraint(
            "NOT counted OR budget IS NOT NULL", name=op.f("prize_due_budget_check")
        ),
        sa.CheckConstraint(
            "points >= 0 AND amount + kept_points <= points", name=op.f("prize_due_points_check")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("prize_due_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("prize_due_pkey")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "prize_due_brand_idx", "prize_due", ["brand_id", "state", "number"], unique=False
    )
    op.create_index(
        "prize_due_due_idx",
        "prize_due",
        ["brand_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("prize_due_journal_idx", "prize_due", ["journal_id"], unique=True)
    op.create_index("prize_due_member_idx", "prize_due", ["member_id", "number"], unique=False)
    op.create_index("prize_due_redemption_idx", "prize_due", ["redemption_id"], unique=True)


def _budgets() -> None:
    op.create_table(
        "prize_budget",
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("prize_budget_used_check")),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("prize_budget_brand_id_fkey")
        ),
        sa.PrimaryKeyConstraint("brand_id", "name", name=op.f("prize_budget_pkey")),
        postgresql_with={"fillfactor": 50},
    )


def _looks() -> None:
    op.create_table(
        "game_look",
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("game_look_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("game_look_pkey")),
    )
    op.create_index("game_look_due_idx", "game_look", ["brand_id", "due_at"], unique=False)


def downgrade() -> None:
    """There is no way back: what was paid would be paid again."""
    raise NotImplementedError
