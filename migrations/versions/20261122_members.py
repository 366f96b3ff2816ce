"""Members who were merged into others, and who were erased."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_members"
down_revision = "20261122_rewards"
branch_labels = None
depends_on = None

INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Add tables and columns; nothing that there is changes."""
    op.execute("SET LOCAL lock_timeout = '4s'")
    _columns()
    _tables()


def _columns() -> None:
    op.add_column("member", sa.Column("merged_into", sa.UUID()))
    op.add_column("member", sa.Column("erased_at", INSTANT))
    op.create_foreign_key(
        op.f("member_merged_into_fkey"), "member", "member", ["merged_into"], ["id"]
    )
    op.create_check_constraint(op.f("member_merged_into_check"), "member", "merged_into <> id")
    op.create_index(
        "member_merged_idx",
        "member",
        ["merged_into"],
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.add_column("wallet", sa.Column("merged_into", sa.BigInteger()))
    op.add_column("wallet", sa.Column("erased_at", INSTANT))
    op.create_foreign_key(
        op.f("wallet_merged_into_fkey"), "wallet", "wallet", ["merged_into"], ["account_id"]
    )
    op.create_index(
        "wallet_merged_idx",
        "wallet",
        ["merged_into"],
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )


def _tables() -> None:
    op.create_table(
        "member_merge",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("kept_id", sa.UUID(), nullable=False),
        sa.Column("absorbed_id", sa.UUID(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("merged_at", INSTANT, nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kept_id <> absorbed_id", name=op.f("member_merge_sides_check")),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("member_merge_brand_id_fkey")
        ),
        sa.ForeignKeyConstraint(["kept_id"], ["member.id"], name=op.f("member_merge_kept_id_fkey")),
        sa.ForeignKeyConstraint(
            ["absorbed_id"], ["member.id"], name=op.f("member_merge_absorbed_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("member_merge_pkey")),
        sa.UniqueConstraint("absorbed_id", name=op.f("member_merge_absorbed_id_key")),
    )
    op.create_index("member_merge_kept_idx", "member_merge", ["kept_id"])
    op.create_table(
        "member_erasure",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("erased_at", INSTANT, nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["brand.id"], name=op.f("member_erasure_brand_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("member_erasure_member_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("member_erasure_pkey")),
        sa.UniqueConstraint("member_id", name=op.f("member_erasure_member_id_key")),
    )
    op.create_table(
        "erased_name",
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("erased_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("erased_name_brand_id_fkey")),
        sa.PrimaryKeyConstraint("brand_id", "name_hash", name=op.f("erased_name_pkey")),
    )


def downgrade() -> None:
    """There is no way back: whose history it is would be lost."""
    raise NotImplementedError
